package crm;

import crm.types.Note;
import jakarta.jws.WebMethod;
import jakarta.jws.WebParam;
import jakarta.jws.WebResult;
import jakarta.jws.WebService;
import jakarta.jws.soap.SOAPBinding;

/** Document/literal, bare. */
@WebService(name = "Notes", targetNamespace = Notes.NAMESPACE, serviceName = "NotesService", portName = "NotesPort")
@SOAPBinding(parameterStyle = SOAPBinding.ParameterStyle.BARE)
public class Notes {
  static final String NAMESPACE = "urn:example:notes";

  @WebMethod(operationName = "AddNote", action = "urn:example:notes:AddNote")
  @WebResult(name = "AddedNote", targetNamespace = NAMESPACE)
  public Note addNote(@WebParam(name = "Note", targetNamespace = NAMESPACE) Note note) {
    return note;
  }

  @WebMethod(operationName = "CountNotes", action = "urn:example:notes:CountNotes")
  @WebResult(name = "NoteCount", targetNamespace = NAMESPACE)
  public int countNotes(@WebParam(name = "By", targetNamespace = NAMESPACE) String by) {
    return by.length();
  }
}
