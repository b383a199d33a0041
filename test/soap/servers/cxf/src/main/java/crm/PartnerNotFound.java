package crm;

import crm.types.PartnerMissing;
import jakarta.xml.ws.WebFault;
import java.math.BigInteger;

@WebFault(name = "PartnerNotFound", targetNamespace = Crm.NAMESPACE, faultBean = "crm.types.PartnerMissing")
public class PartnerNotFound extends Exception {
  private final PartnerMissing detail = new PartnerMissing();

  public PartnerNotFound(BigInteger id) {
    super("no partner " + id + " in crm-db-7.internal");
    detail.id = id;
    detail.hint = "ask for 7";
  }

  public PartnerMissing getFaultInfo() {
    return detail;
  }
}
