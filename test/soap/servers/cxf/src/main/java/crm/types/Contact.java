package crm.types;

import jakarta.xml.bind.annotation.XmlAccessType;
import jakarta.xml.bind.annotation.XmlAccessorType;
import jakarta.xml.bind.annotation.XmlElement;
import jakarta.xml.bind.annotation.XmlElements;

/** One of two: an address to write to, or a number to call. */
@XmlAccessorType(XmlAccessType.FIELD)
public class Contact {
  @XmlElements({
    @XmlElement(name = "email", type = Email.class, required = true),
    @XmlElement(name = "phone", type = String.class, required = true)
  })
  public Object way;

  public Contact() {}

  public Contact(Object way) {
    this.way = way;
  }
}
