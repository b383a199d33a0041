package crm;

import io.undertow.Undertow;
import io.undertow.servlet.Servlets;
import io.undertow.servlet.api.DeploymentManager;
import io.undertow.servlet.util.ImmediateInstanceFactory;
import jakarta.servlet.Servlet;
import jakarta.xml.ws.soap.SOAPBinding;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.LogManager;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import org.apache.cxf.Bus;
import org.apache.cxf.BusFactory;
import org.apache.cxf.jaxws.EndpointImpl;
import org.apache.cxf.message.Message;
import org.apache.cxf.phase.AbstractPhaseInterceptor;
import org.apache.cxf.phase.Phase;
import org.apache.cxf.transport.servlet.CXFNonSpringServlet;
import org.apache.cxf.ws.security.wss4j.WSS4JInInterceptor;
import org.apache.wss4j.common.ext.WSPasswordCallback;

/**
 * CRM services on Apache CXF, each at a path of its own. Prints the port that it was given, and ends with its standard
 * input.
 */
public final class Main {
  private static final String USER = "sluice";
  private static final String PASSWORD = "s3cret & <more>";

  private Main() {}

  public static void main(String[] args) throws Exception {
    LogManager.getLogManager().reset();
    java.util.logging.Logger.getLogger("").setLevel(Level.OFF);
    Bus bus = BusFactory.getDefaultBus();
    CXFNonSpringServlet servlet = new CXFNonSpringServlet();
    servlet.setBus(bus);
    Undertow server = server(servlet);
    publish(bus);
    server.start();
    System.out.println(((InetSocketAddress) server.getListenerInfo().get(0).getAddress()).getPort());
    while (System.in.read() >= 0) {}
    System.exit(0);
  }

  private static Undertow server(Servlet servlet) throws Exception {
    DeploymentManager deployment =
        Servlets.defaultContainer()
            .addDeployment(
                Servlets.deployment()
                    .setClassLoader(Main.class.getClassLoader())
                    .setContextPath("/")
                    .setDeploymentName("crm")
                    .addServlet(
                        Servlets.servlet("cxf", servlet.getClass(), new ImmediateInstanceFactory<>(servlet))
                            .setLoadOnStartup(1)
                            .addMapping("/*")));
    deployment.deploy();
    return Undertow.builder()
        .addHttpListener(0, "127.0.0.1")
        .setIoThreads(1)
        .setWorkerThreads(4)
        .setHandler(deployment.start())
        .build();
  }

  private static void publish(Bus bus) {
    EndpointImpl plain = new EndpointImpl(bus, new CrmService());
    // As many services do: what went wrong inside is told to everybody.
    plain.setProperties(Map.of("faultStackTraceEnabled", "true", "exceptionMessageCauseEnabled", "true"));
    plain.publish("/crm");
    new EndpointImpl(bus, new CrmService(), SOAPBinding.SOAP12HTTP_BINDING).publish("/crm12");
    new EndpointImpl(bus, new AddressedCrm()).publish("/addressed");
    new EndpointImpl(bus, new Directory()).publish("/directory");
    new EndpointImpl(bus, new Notes()).publish("/notes");
    secured(bus, "PasswordText").publish("/secured/text");
    secured(bus, "PasswordDigest").publish("/secured/digest");
    EndpointImpl lenient = new EndpointImpl(bus, new CrmService());
    lenient.getOutFaultInterceptors().add(new FaultsWith200());
    lenient.publish("/lenient");
  }

  private static EndpointImpl secured(Bus bus, String passwordType) {
    EndpointImpl endpoint = new EndpointImpl(bus, new CrmService());
    CallbackHandler passwords =
        callbacks -> {
          for (Callback callback : callbacks) {
            if (callback instanceof WSPasswordCallback asked && USER.equals(asked.getIdentifier()))
              asked.setPassword(PASSWORD);
          }
        };
    endpoint
        .getInInterceptors()
        .add(
            new WSS4JInInterceptor(
                Map.of(
                    "action", "UsernameToken Timestamp",
                    "passwordType", passwordType,
                    "passwordCallbackRef", passwords)));
    return endpoint;
  }

  /** SOAP 1.1 wants 500 for a fault; not every service cares. */
  private static final class FaultsWith200 extends AbstractPhaseInterceptor<Message> {
    FaultsWith200() {
      super(Phase.PRE_STREAM);
    }

    @Override
    public void handleMessage(Message message) {
      message.put(Message.RESPONSE_CODE, 200);
    }
  }
}
