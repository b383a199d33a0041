import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Modules, ServedPlan } from "../../embedded/modules.js";
import { codecRefusal, emptyAnswer, type Outcome, type Reception } from "../../embedded/worker.js";
import type { GatewayPlan, ListenerPlan, ServicePlan } from "../../plan/plan.js";
import { accessLogLine, type LineMembers, membersOf } from "./access-log.js";
import { readIncoming } from "./arrival.js";
import { Exchange, type Settling } from "./exchange.js";
import { now, ServingGateway } from "./gateway.js";
import { HttpListener } from "./listener.js";
import { Service } from "./service.js";

export interface EmbeddedOptions {
  /** Those that ship. */
  modules: Modules;
  /** Other addresses for listeners, by name. */
  listeners?: Readonly<Record<string, { address: string; port: number }>>;
  /** Other endpoints for services, by name. */
  endpoints?: Readonly<Record<string, ServicePlan["discovery"]["endpoints"]>>;
  /** Gets one JSON line for each request, without a line break, once it has ended. */
  onAccess?: (line: string) => void;
  /** Gets a line for whatever could not be carried out, such as a request that was answered 503 because of that. */
  report: (line: string) => void;
}

/** What became of another plan; where it was refused, the plan before stays in force. */
export type Replacement = { kind: "accepted" } | { kind: "refused"; reason: string };

/** How long a removed listener may finish what it serves. Milliseconds. */
const DRAIN_MS = 5_000;

interface Bound {
  listener: HttpListener;
  /** Of the plan in force. */
  plan: ListenerPlan;
}

/**
 * A policy on Node's HTTP/1.1 server: for a first look, no production proxy. Every request goes through guard.wasm and the
 * model of Envoy that `sluice test` has, and to the services as they are.
 */
export class EmbeddedServer {
  private readonly options: EmbeddedOptions;
  private readonly gateway: ServingGateway;
  /** What lines of the access log have by the plan in force. */
  private members: LineMembers;
  private bound = new Map<string, Bound>();
  private services: ReadonlyMap<string, Service>;
  /** Requests under way, oldest first. */
  private readonly underWay = new WeakMap<Duplex, Set<Exchange>>();
  private draining: Promise<unknown> = Promise.resolve();
  private readonly settling: Settling;

  private constructor(served: ServedPlan, options: EmbeddedOptions) {
    this.options = options;
    this.services = this.servicesOf(served.plan);
    this.gateway = new ServingGateway(options.modules, served, options.report, (name) => this.services.get(name));
    this.members = membersOf(served.plan);
    this.settling = { report: options.report, settle: (work) => this.gateway.settle(work) };
  }

  /** @throws Error if an address cannot be had, or the module refuses the configuration */
  static async start(served: ServedPlan, options: EmbeddedOptions): Promise<EmbeddedServer> {
    const server = new EmbeddedServer(served, options);
    try {
      server.bound = await server.open(served.plan);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Where it listens, in the order of the file. */
  listeners(): { name: string; address: string; port: number }[] {
    return [...this.bound.values()].map(({ listener, plan }) => ({
      name: plan.name,
      address: this.addressOf(plan).address,
      port: listener.port,
    }));
  }

  /** Takes another plan over: at once and for every connection, or not at all. */
  async replace(served: ServedPlan): Promise<Replacement> {
    let opened: Map<string, Bound>;
    try {
      opened = await this.open(served.plan);
    } catch (error) {
      return { kind: "refused", reason: messageOf(error) };
    }
    try {
      this.gateway.replace(served);
    } catch (error) {
      await this.drain([...opened].filter(([key]) => !this.bound.has(key)).map(([, one]) => one));
      return { kind: "refused", reason: messageOf(error) };
    }
    const removed = [...this.bound].filter(([key]) => !opened.has(key)).map(([, one]) => one);
    const before = this.services;
    this.bound = opened;
    this.members = membersOf(served.plan);
    this.services = this.servicesOf(served.plan);
    this.draining = Promise.all([this.draining, this.drain(removed)]);
    // Calls that are under way keep their connections; the others are of no use any more.
    for (const service of before.values()) service.retire();
    return { kind: "accepted" };
  }

  /** Ends every connection, and sends the spans of what has ended, unless somebody is in a `hurry`. */
  async stop(hurry: Promise<void> = new Promise(() => {})): Promise<void> {
    await Promise.all([...this.bound.values()].map(({ listener }) => listener.close(0)));
    await this.draining;
    await this.gateway.stop(hurry);
    for (const service of this.services.values()) service.close();
  }

  /** The listeners of a plan: those that are open already, and new ones. All, or none of the new ones. */
  private async open(plan: GatewayPlan): Promise<Map<string, Bound>> {
    const opened = new Map<string, Bound>();
    const fresh: Bound[] = [];
    try {
      for (const one of plan.listeners) {
        const { address, port } = this.addressOf(one);
        // Any free port is chosen once for each name.
        const key = `${address} ${port} ${port === 0 ? one.name : ""}`;
        const known = this.bound.get(key)?.listener;
        const bound: Bound = { listener: known ?? (await this.listen(address, port, key)), plan: one };
        if (known === undefined) fresh.push(bound);
        opened.set(key, bound);
      }
      return opened;
    } catch (error) {
      await this.drain(fresh);
      throw error;
    }
  }

  private listen(address: string, port: number, key: string): Promise<HttpListener> {
    return HttpListener.open(address, port, {
      onRequest: (incoming, outgoing) => this.serve(key, incoming, outgoing),
      onUnreadable: (socket, status) => this.breakOff(socket, status),
      pages: () => this.bound.get(key)?.plan.errors,
    });
  }

  private addressOf(plan: ListenerPlan): { address: string; port: number } {
    const { listeners = {} } = this.options;
    return (Object.hasOwn(listeners, plan.name) ? listeners[plan.name] : undefined) ?? plan;
  }

  private servicesOf(plan: GatewayPlan): ReadonlyMap<string, Service> {
    const { endpoints = {} } = this.options;
    const moved = (name: string) => (Object.hasOwn(endpoints, name) ? endpoints[name] : undefined);
    return new Map(plan.services.map((service) => [service.name, new Service(service, moved(service.name))]));
  }

  private async drain(bound: readonly Bound[]): Promise<void> {
    await Promise.all(bound.map(({ listener }) => listener.close(DRAIN_MS)));
  }

  private serve(key: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket } = incoming;
    const { members } = this;
    const exchange = new Exchange({ incoming, outgoing }, this.settling, (ended) => {
      this.underWay.get(socket)?.delete(exchange);
      this.options.onAccess?.(accessLogLine(ended, members));
    });
    const others = this.underWay.get(socket) ?? new Set();
    this.underWay.set(socket, others.add(exchange));
    this.decide(this.bound.get(key)?.plan, exchange, incoming);
  }

  private decide(listener: ListenerPlan | undefined, exchange: Exchange, incoming: IncomingMessage): void {
    const read = readIncoming(incoming);
    const { method = "" } = incoming;
    if ("status" in read) {
      const { status } = read;
      exchange.answer(
        read.body ? codecRefusal(method, status, listener?.errors) : { ...emptyAnswer(status), isUnread: true },
        true,
      );
      return;
    }
    // A listener that was removed finishes what it has, and judges nothing more by a policy that is gone.
    if (listener === undefined) {
      exchange.answer(codecRefusal(method, 503), true);
      return;
    }
    const { client, hasBody } = read;
    const arrived = now();
    const receive = () => this.follow(this.gateway.receive(listener, client, hasBody, arrived), exchange, hasBody);
    const delay = this.gateway.delayOf(listener, client);
    if (delay === 0) receive();
    else exchange.later(delay, receive);
  }

  private follow(reception: Reception, exchange: Exchange, hasBody: boolean): void {
    switch (reception.step) {
      case "external": {
        const { asking } = reception;
        const question = asking.question(0);
        const service = question && this.services.get(question.name);
        if (question === undefined || service === undefined) throw new RangeError("there is nobody to ask");
        exchange.askService(asking, service, question, (next) => this.follow(next, exchange, hasBody));
        return;
      }
      case "waiting": {
        const { waiting } = reception;
        exchange.await(
          (goOn) => this.gateway.await(waiting, goOn),
          (next) => this.follow(next, exchange, hasBody),
        );
        return;
      }
      case "held":
        exchange.holdBody(reception.body, (next) => this.follow(next, exchange, hasBody));
        return;
      case "asked":
        exchange.ask(reception.asked, (outcome) => this.carryOut(outcome, exchange, hasBody));
        return;
      case "answered":
      case "passed":
        this.carryOut(reception, exchange, hasBody);
    }
  }

  private carryOut(reception: Outcome, exchange: Exchange, hasBody: boolean): void {
    if (reception.step === "answered") {
      const { answer } = reception;
      // Envoy trusts no connection any more that a bad request came over.
      const isBad = answer.status === 400 && answer.route?.operation === undefined;
      exchange.answer(answer, isBad || (answer.route === undefined && answer.status !== 404));
      return;
    }
    const { passage } = reception;
    const service = this.services.get(passage.service.name);
    if (service === undefined) throw new RangeError(`there is no service ${passage.service.name}`);
    exchange.forward(passage, service, hasBody);
  }

  /** A body that cannot be read: its request gets the answer, if it has none and is the only one. */
  private breakOff(socket: Duplex, status: number): boolean {
    const [exchange, ...others] = this.underWay.get(socket) ?? [];
    if (exchange === undefined) return false;
    if (others.length > 0 || exchange.hasAnswered || !socket.writable) socket.destroy();
    else exchange.answer(codecRefusal("POST", status), true);
    return true;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
