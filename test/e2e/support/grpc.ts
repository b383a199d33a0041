import {
  Client,
  credentials,
  type Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceDefinition,
  type ServiceError,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";

/** Messages are texts, so that no description of a service is needed. */
const method = (path: string, streams: boolean): MethodDefinition<string, string> => ({
  path,
  requestStream: streams,
  responseStream: streams,
  requestSerialize: (text) => Buffer.from(text),
  requestDeserialize: (bytes) => bytes.toString(),
  responseSerialize: (text) => Buffer.from(text),
  responseDeserialize: (bytes) => bytes.toString(),
});

const METHODS = { get: method("/shop.Orders/Get", false), talk: method("/shop.Orders/Talk", true) } as const;
const HEALTH: MethodDefinition<Buffer, Buffer> = {
  path: "/grpc.health.v1.Health/Check",
  requestStream: false,
  responseStream: false,
  requestSerialize: (bytes) => bytes,
  requestDeserialize: (bytes) => bytes,
  responseSerialize: (bytes) => bytes,
  responseDeserialize: (bytes) => bytes,
};

/** What the service says to a call: a text, a code of gRPC, or nothing at all. */
export type Saying = { text: string } | { code: number } | "nothing";

/** A server of gRPC on a free port: `Get` says what it is told to, `Talk` says each message again. */
export interface Orders {
  readonly address: string;
  /** What was asked of `Get`, with the deadline in `grpc-timeout` if there was one. */
  readonly asked: readonly { text: string; metadata: Metadata }[];
  /** Of the next calls, in turn; the last one stays. */
  says(...sayings: readonly Saying[]): void;
  /** What it says of its health. */
  serves(well: boolean): void;
  close(): void;
}

export async function startOrders(): Promise<Orders> {
  const asked: { text: string; metadata: Metadata }[] = [];
  let sayings: readonly Saying[] = [{ text: "order" }];
  let isWell = true;
  const server = new Server();
  const service: ServiceDefinition = { ...METHODS, check: HEALTH };
  server.addService(service, {
    get: (call: ServerUnaryCall<string, string>, answer: sendUnaryData<string>) => {
      asked.push({ text: call.request, metadata: call.metadata });
      const [saying = "nothing", ...rest] = sayings;
      if (rest.length > 0) sayings = rest;
      if (saying === "nothing") return;
      if ("code" in saying) answer({ code: saying.code, details: "as it was told to" });
      else answer(null, saying.text);
    },
    talk: (call: ServerDuplexStream<string, string>) => {
      call.on("data", (text: string) => call.write(`${text}, again`));
      call.on("end", () => call.end());
      call.on("error", () => {});
    },
    // A message of two bytes: field 1, SERVING or NOT_SERVING.
    check: (_: unknown, answer: sendUnaryData<Buffer>) => answer(null, Buffer.from([8, isWell ? 1 : 2])),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return {
    address: `127.0.0.1:${port}`,
    asked,
    says(...next) {
      asked.length = 0;
      sayings = next;
    },
    serves(well) {
      isWell = well;
    },
    close: () => server.forceShutdown(),
  };
}

/** What a client hears of a call. */
export interface Heard {
  text: string | undefined;
  /** Of gRPC, by its name. */
  code: string;
  details: string;
}

export interface OrdersClient {
  get(text: string, options?: { deadline?: number; metadata?: Metadata }): Promise<Heard>;
  /** A stream: each message is sent when the answer to the one before is there. */
  talk(texts: readonly string[]): Promise<{ answers: string[]; code: string }>;
  close(): void;
}

/** A client of gRPC over cleartext HTTP/2. */
export function ordersClient(port: number): OrdersClient {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const { get, talk } = METHODS;
  return {
    get: (text, { deadline, metadata } = {}) =>
      new Promise((resolve) => {
        const settings = deadline === undefined ? {} : { deadline: Date.now() + deadline };
        const ended = (error: ServiceError | null, answer?: string) =>
          resolve({ text: answer, code: status[error?.code ?? 0] ?? "", details: error?.details ?? "" });
        const codec = [get.path, get.requestSerialize, get.responseDeserialize] as const;
        if (metadata === undefined) client.makeUnaryRequest(...codec, text, settings, ended);
        else client.makeUnaryRequest(...codec, text, metadata, settings, ended);
      }),
    talk: (texts) =>
      new Promise((resolve) => {
        const call = client.makeBidiStreamRequest(talk.path, talk.requestSerialize, talk.responseDeserialize);
        const answers: string[] = [];
        const next = () => {
          const text = texts[answers.length];
          if (text === undefined) call.end();
          else call.write(text);
        };
        call.on("data", (answer: string) => {
          answers.push(answer);
          next();
        });
        call.on("error", () => {});
        call.on("status", ({ code }) => resolve({ answers, code: status[code] ?? "" }));
        next();
      }),
    close: () => client.close(),
  };
}
