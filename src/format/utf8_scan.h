/*-------------------------------------------------------------------------
 *
 * utf8_scan.h
 *		Is a stretch of text well-formed UTF-8?  At the speed of reading it.
 *
 * A reader that knows this of a whole window spares each of its cells the
 * question.  There are bodies for AVX-512 and AVX2; elsewhere there is none,
 * and cells are looked at one by one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_UTF8_SCAN_H
#define NVP_UTF8_SCAN_H

/* Is buf[0 .. len) well-formed UTF-8 without U+0000?  Nothing beyond it is read. */
typedef bool (*NvpUtf8ScanFunc) (const char *buf, size_t len);

extern NvpUtf8ScanFunc nvp_utf8_scan_best(void);
extern NvpUtf8ScanFunc nvp_utf8_scan_body(int level);

#endif							/* NVP_UTF8_SCAN_H */
