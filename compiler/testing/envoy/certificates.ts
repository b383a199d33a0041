import type { GatewayPlan } from "../../plan/plan.js";
import type { ClientCertificate } from "../../request/certificate.js";
import { issue, type KeyedCertificate, makeAuthority } from "../../runtime/certificates.js";

/** The runner's own authority: what it signs, listeners take. Certificates are made when they are first asked for. */
export class TestCertificates {
  readonly authority: string;
  readonly server: KeyedCertificate;
  private readonly keyed: KeyedCertificate;
  private readonly made = new Map<string, Promise<KeyedCertificate>>();

  private constructor(keyed: KeyedCertificate, server: KeyedCertificate) {
    this.keyed = keyed;
    this.authority = keyed.certificate;
    this.server = server;
  }

  /**
   * Undefined where no listener asks for certificates.
   * @throws EnvironmentError if there is no `openssl`
   */
  static async for({ listeners }: GatewayPlan): Promise<TestCertificates | undefined> {
    if (listeners.every(({ tls }) => tls?.clientCertificate === undefined)) return undefined;
    const authority = await makeAuthority("sluice test");
    return new TestCertificates(
      authority,
      await issue(authority, { name: "gateway", names: ["gateway.test"], usage: "server" }),
    );
  }

  of({ san }: ClientCertificate): Promise<KeyedCertificate> {
    const key = JSON.stringify(san);
    const made = this.made.get(key) ?? issue(this.keyed, { name: "client", names: san, usage: "client" });
    this.made.set(key, made);
    return made;
  }
}
