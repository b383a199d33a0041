package crm.types;

import jakarta.xml.bind.annotation.XmlAccessType;
import jakarta.xml.bind.annotation.XmlAccessorType;
import jakarta.xml.bind.annotation.XmlAttribute;
import jakarta.xml.bind.annotation.XmlElement;
import jakarta.xml.bind.annotation.XmlList;
import jakarta.xml.bind.annotation.XmlSchemaType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import javax.xml.datatype.XMLGregorianCalendar;

/** A customer, with those that it owns. */
@XmlAccessorType(XmlAccessType.FIELD)
public class Partner {
  @XmlAttribute(required = true)
  public BigInteger id;

  @XmlAttribute public String revision;

  @XmlElement(required = true)
  public String name;

  @XmlElement(required = true, nillable = true)
  public String remark;

  public String motto;

  public Rating rating;

  public boolean active;

  public BigInteger account;

  public BigDecimal balance;

  public Double score;

  @XmlSchemaType(name = "date")
  public XMLGregorianCalendar since;

  public XMLGregorianCalendar seen;

  public byte[] logo;

  @XmlList public List<Integer> quarters;

  public List<Address> address = new ArrayList<>();

  public Contact contact;

  public List<Partner> subsidiary = new ArrayList<>();
}
