/*-------------------------------------------------------------------------
 *
 * xml_scrub.h
 *		Bytes that an XML parser would stop at, in a disguise that it accepts.
 *
 * Source: XML 1.0, fifth edition, section 2.2 (Char).
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_XML_SCRUB_H
#define NVP_XML_SCRUB_H

#define NVP_XML_SCRUBBED	4	/* bytes that one becomes */

extern uint32 nvp_xml_whole(const char *text, uint32 len);
extern bool nvp_xml_is_clean(const char *text, uint32 len);
extern uint32 nvp_xml_scrub(const char *text, uint32 len, char *out);
extern uint32 nvp_xml_unscrub(char *text, uint32 len);

#define nvp_xml_is_space(c)	((c) == ' ' || (c) == '\n' || (c) == '\t' || (c) == '\r')

#endif							/* NVP_XML_SCRUB_H */
