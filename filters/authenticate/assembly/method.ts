import { none } from "../../lib/region";
import { Text } from "../../lib/text";

export enum MethodKind {
  ApiKey = 1,
  Basic = 2,
  Hmac = 3,
  Jwt = 4,
  Mtls = 5,
  Introspect = 6,
}

/** Where a key comes. */
export enum Place {
  Header = 0,
  Query = 1,
  Cookie = 2,
}

/** One way to say who one is. */
@unmanaged
export class Method {
  kind: i32 = 0;
  /** As `auth.method` has it. */
  name: Text = none<Text>();
  /** Of the header, parameter or cookie that its credential comes in. */
  slot: i32 = 0;
  /** Where that is: a Place. */
  place: i32 = 0;
  /** What else must be read of a request than its headers; bits of Needs. */
  needs: i32 = 0;
  /** Missing where it is in none, or in one with others. */
  header: Text = none<Text>();
  /** The same of a second header; missing where there is none. */
  secondSlot: i32 = 0;
  secondHeader: Text = none<Text>();
  /** In lower case; there if the header is `authorization`, which it shares with others. */
  scheme: Text = none<Text>();
  /** 1: another kind of bearer token has a method beside it; those of three parts are JSON Web Tokens then. */
  sharesBearer: i32 = 0;
  /** There if it has a realm of its own. */
  realm: Text = none<Text>();
  /** Its challenge (RFC 9110, section 11.6.1). */
  challenge: Text = none<Text>();
  /** Address of what only its kind has; 0 if that is nothing. */
  own: usize = 0;
}
