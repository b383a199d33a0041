package crm.types;

import jakarta.xml.bind.annotation.XmlAccessType;
import jakarta.xml.bind.annotation.XmlAccessorType;
import jakarta.xml.bind.annotation.XmlAttribute;
import jakarta.xml.bind.annotation.XmlValue;

/** A text that has an attribute. */
@XmlAccessorType(XmlAccessType.FIELD)
public class Email {
  @XmlValue
  public String address;

  @XmlAttribute
  public Boolean verified;

  public Email() {}

  public Email(String address, boolean verified) {
    this.address = address;
    this.verified = verified;
  }
}
