package crm.types;

import jakarta.xml.bind.annotation.XmlEnum;
import jakarta.xml.bind.annotation.XmlEnumValue;

@XmlEnum
public enum Rating {
  @XmlEnumValue("gold")
  GOLD,
  @XmlEnumValue("silver")
  SILVER,
  @XmlEnumValue("bronze")
  BRONZE
}
