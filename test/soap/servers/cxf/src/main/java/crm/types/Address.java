package crm.types;

import jakarta.xml.bind.annotation.XmlAccessType;
import jakarta.xml.bind.annotation.XmlAccessorType;
import jakarta.xml.bind.annotation.XmlAttribute;
import jakarta.xml.bind.annotation.XmlElement;

@XmlAccessorType(XmlAccessType.FIELD)
public class Address {
  @XmlAttribute(required = true)
  public String kind;

  @XmlElement(required = true, nillable = true)
  public String street;

  @XmlElement(required = true)
  public String city;

  public String country;
}
