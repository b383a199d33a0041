package crm;

import crm.types.Address;
import crm.types.Rating;
import jakarta.jws.WebMethod;
import jakarta.jws.WebParam;
import jakarta.jws.WebResult;
import jakarta.jws.WebService;
import jakarta.jws.soap.SOAPBinding;

/** RPC/literal. */
@WebService(
    name = "Directory",
    targetNamespace = Directory.NAMESPACE,
    serviceName = "DirectoryService",
    portName = "DirectoryPort")
@SOAPBinding(style = SOAPBinding.Style.RPC)
public class Directory {
  static final String NAMESPACE = "urn:example:directory";

  @WebMethod(operationName = "FindAddress", action = "urn:example:directory:FindAddress")
  @WebResult(name = "address")
  public Address findAddress(@WebParam(name = "name") String name, @WebParam(name = "rating") Rating rating) {
    Address address = new Address();
    address.kind = rating.name();
    address.city = name;
    return address;
  }

  @WebMethod(operationName = "Add", action = "")
  @WebResult(name = "sum")
  public long add(@WebParam(name = "a") int a, @WebParam(name = "b") int b) {
    return (long) a + b;
  }
}
