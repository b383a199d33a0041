// Why a text is no XML that is taken. All of them are below zero; XML_OK is no error.

export const XML_OK: i32 = 0;
/** A byte that cannot stand where it stands. */
export const XML_ERROR_SYNTAX: i32 = -1;
/** The text ends too early. */
export const XML_ERROR_END: i32 = -2;
/** Not UTF-8. */
export const XML_ERROR_UTF8: i32 = -3;
/** UTF-16 or UTF-32, as its first bytes show. */
export const XML_ERROR_UTF16: i32 = -4;
/** A character that XML does not have, written or referred to: NUL, a control character, a surrogate, U+FFFE, U+FFFF. */
export const XML_ERROR_CHARACTER: i32 = -5;
/** The XML declaration names another encoding than UTF-8 and US-ASCII. */
export const XML_ERROR_ENCODING: i32 = -6;
/** The XML declaration names another version than 1.0. */
export const XML_ERROR_VERSION: i32 = -7;
/** A document type declaration, whatever is in it. */
export const XML_ERROR_DOCTYPE: i32 = -8;
/** A processing instruction where none may be. */
export const XML_ERROR_INSTRUCTION: i32 = -9;
/** No name where one must be, or a name with a colon out of place. */
export const XML_ERROR_NAME: i32 = -10;
/** An end tag of another element than the one that is open. */
export const XML_ERROR_TAG: i32 = -11;
/** A malformed reference, or one to an entity that is not predefined. */
export const XML_ERROR_REFERENCE: i32 = -12;
/** An attribute or a declaration of a namespace that stands twice in one tag. */
export const XML_ERROR_DUPLICATE: i32 = -13;
/** A prefix that no declaration in force binds. */
export const XML_ERROR_PREFIX: i32 = -14;
/** A declaration that Namespaces in XML 1.0 forbids. */
export const XML_ERROR_NAMESPACE: i32 = -15;
/** Elements lie deeper in one another than allowed. */
export const XML_ERROR_DEPTH: i32 = -16;
/** Too many attributes in one tag. */
export const XML_ERROR_ATTRIBUTES: i32 = -17;
/** A name with too many bytes. */
export const XML_ERROR_NAME_LENGTH: i32 = -18;
/** Too many declarations of namespaces in force at once. */
export const XML_ERROR_NAMESPACES: i32 = -19;
/** Something that is neither white space nor a comment outside the one element of a document. */
export const XML_ERROR_OUTSIDE: i32 = -20;
