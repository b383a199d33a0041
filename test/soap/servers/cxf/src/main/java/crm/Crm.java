package crm;

import crm.types.Partner;
import crm.types.Rating;
import jakarta.jws.Oneway;
import jakarta.jws.WebMethod;
import jakarta.jws.WebParam;
import jakarta.jws.WebResult;
import jakarta.jws.WebService;
import jakarta.xml.bind.annotation.XmlElement;
import java.math.BigInteger;
import java.util.List;

/** Document/literal, wrapped; what is in the wrappers has no namespace. */
@WebService(name = "Crm", targetNamespace = Crm.NAMESPACE)
public interface Crm {
  String NAMESPACE = "urn:example:crm";

  @WebMethod(operationName = "GetPartner", action = "urn:example:crm:GetPartner")
  @WebResult(name = "partner")
  Partner getPartner(@WebParam(name = "id") @XmlElement(required = true) BigInteger id) throws PartnerNotFound;

  @WebMethod(operationName = "ListPartners", action = "urn:example:crm:ListPartners")
  @WebResult(name = "partner")
  List<Partner> listPartners(@WebParam(name = "rating") Rating rating, @WebParam(name = "limit") Integer limit);

  @WebMethod(operationName = "CreatePartner", action = "urn:example:crm:CreatePartner")
  @WebResult(name = "partner")
  Partner createPartner(@WebParam(name = "partner") @XmlElement(required = true) Partner partner);

  @WebMethod(operationName = "DeletePartner", action = "urn:example:crm:DeletePartner")
  void deletePartner(@WebParam(name = "id") @XmlElement(required = true) BigInteger id) throws PartnerNotFound;

  @Oneway
  @WebMethod(operationName = "NotifyPartner", action = "urn:example:crm:NotifyPartner")
  void notifyPartner(@WebParam(name = "id") @XmlElement(required = true) BigInteger id);

  @WebMethod(operationName = "Ping", action = "")
  @WebResult(name = "version")
  String ping();
}
