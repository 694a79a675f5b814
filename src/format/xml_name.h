/*-------------------------------------------------------------------------
 *
 * xml_name.h
 *		Any text as the name of an XML element, and back.
 *
 * What may not stand in a name becomes _xHHHH_, its code point: "First name" is
 * First_x0020_name.  An underscore that would look like the beginning of such a
 * sequence is written so itself, so that decoding gives the text back.
 *
 * Memory: palloc'd by encode; decode works in place.
 * Errors: none; bytes that are no UTF-8 are taken for characters.
 *
 * Source: ISO/IEC 9075-14 (SQL/XML), 9.1 and 9.3; XML 1.0, fourth edition,
 * appendix B, whose names every parser takes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_XML_NAME_H
#define NVP_XML_NAME_H

extern char *nvp_xml_name_encode(const char *text);
extern uint32 nvp_xml_name_decode(char *name, uint32 len);

#endif							/* NVP_XML_NAME_H */
