@XmlSchema(namespace = "urn:example:crm:types", elementFormDefault = XmlNsForm.QUALIFIED)
package crm.types;

import jakarta.xml.bind.annotation.XmlNsForm;
import jakarta.xml.bind.annotation.XmlSchema;
