import { putEscaped, putOpenBrace } from "../../lib/json-write";
import { compose, composed, composedLength, composedStart, put, putByte, putDecimal, putLiteral } from "../../lib/text";

// Problem documents (RFC 9457): what clients are told.

