package crm;

import crm.types.Address;
import crm.types.Contact;
import crm.types.Email;
import crm.types.Partner;
import crm.types.Rating;
import jakarta.jws.WebService;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.datatype.DatatypeConfigurationException;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.datatype.XMLGregorianCalendar;

@WebService(
    endpointInterface = "crm.Crm",
    targetNamespace = Crm.NAMESPACE,
    serviceName = "CrmService",
    portName = "CrmPort")
public class CrmService implements Crm {
  @Override
  public Partner getPartner(BigInteger id) throws PartnerNotFound {
    return switch (id.intValue()) {
      case 7 -> acme();
      case 8 -> globex();
      case 13 -> throw new IllegalStateException(
          "password of crm-db-7.internal is hunter2", new RuntimeException("no route to crm-db-7.internal"));
      default -> throw new PartnerNotFound(id);
    };
  }

  @Override
  public List<Partner> listPartners(Rating rating, Integer limit) {
    if (limit != null) return IntStream.range(0, limit).mapToObj(CrmService::numbered).toList();
    List<Partner> found = new ArrayList<>(List.of(acme(), globex()));
    found.removeIf(partner -> rating != null && partner.rating != rating);
    return found;
  }

  @Override
  public Partner createPartner(Partner partner) {
    return partner;
  }

  @Override
  public void deletePartner(BigInteger id) throws PartnerNotFound {
    if (id.intValue() != 7) throw new PartnerNotFound(id);
  }

  @Override
  public void notifyPartner(BigInteger id) {}

  @Override
  public String ping() {
    return "cxf";
  }

  private static Partner acme() {
    Partner partner = new Partner();
    partner.id = BigInteger.valueOf(7);
    partner.revision = "r1";
    partner.name = "Acme Ümläut 東京 🚀 & <Söhne>";
    partner.motto = "";
    partner.rating = Rating.GOLD;
    partner.active = true;
    partner.account = new BigInteger("1234567890123456789012345678901234567890");
    partner.balance = new BigDecimal("1234567890123456789.0123456789");
    partner.score = Double.POSITIVE_INFINITY;
    partner.since = time("2001-02-28");
    partner.seen = time("2026-10-31T23:59:59.5+02:00");
    partner.logo = new byte[] {0, 1, -2, -1};
    partner.quarters = List.of(1, 4);
    partner.address.add(address());
    partner.contact = new Contact("+41 44 000 00 00");
    partner.subsidiary.add(globex());
    return partner;
  }

  private static Partner globex() {
    Partner partner = numbered(8);
    partner.name = "Globex";
    partner.contact = new Contact(new Email("ap@globex.example", true));
    return partner;
  }

  private static Partner numbered(int number) {
    Partner partner = new Partner();
    partner.id = BigInteger.valueOf(number);
    partner.name = "Partner " + number;
    partner.remark = "pays late";
    return partner;
  }

  private static Address address() {
    Address address = new Address();
    address.kind = "main";
    address.street = "1 Long Street";
    address.city = "Zürich";
    address.country = "CH";
    return address;
  }

  private static XMLGregorianCalendar time(String text) {
    try {
      return DatatypeFactory.newInstance().newXMLGregorianCalendar(text);
    } catch (DatatypeConfigurationException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
