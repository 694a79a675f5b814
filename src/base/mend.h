/*-------------------------------------------------------------------------
 *
 * mend.h
 *		Messages that quote text of a file, and may have cut it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_MEND_H
#define NVP_MEND_H

/* replace, in place, bytes that are not UTF-8 by question marks: a character cut in two is such */
extern void nvp_mend_utf8(char *text);

#endif							/* NVP_MEND_H */
