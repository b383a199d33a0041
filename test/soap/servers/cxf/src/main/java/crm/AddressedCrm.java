package crm;

import jakarta.jws.WebService;
import jakarta.xml.ws.soap.Addressing;

/** The same, for those who say in WS-Addressing what they want. */
@Addressing(required = true)
@WebService(
    endpointInterface = "crm.Crm",
    targetNamespace = Crm.NAMESPACE,
    serviceName = "CrmService",
    portName = "CrmPort")
public class AddressedCrm extends CrmService {}
