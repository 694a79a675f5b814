/*-------------------------------------------------------------------------
 *
 * csv_scan.h
 *		Where the bytes are that mean something in delimited text.
 *
 * One function, several bodies: AVX2 where the processor has it, SSE2 on other
 * x86-64, plain C elsewhere.  All give the same answer; which one runs is
 * decided once per reader.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_CSV_SCAN_H
#define NVP_CSV_SCAN_H

/* a sign that is not wanted repeats the delimiter */
typedef struct NvpCsvSigns
{
	char		delimiter;
	char		quote;
	char		escape;
} NvpCsvSigns;

/*
 * Write the offsets of delimiter, quote, escape, CR and LF in buf[from .. to)
 * to out, ascending; return how many.  buf can be read for 64 bytes behind to;
 * out has room for to - from + NVP_CSV_SCAN_SLACK offsets.
 */
typedef uint32 (*NvpCsvScanFunc) (const char *buf, uint32 from, uint32 to,
								  const NvpCsvSigns *signs, uint32 *out);

#define NVP_CSV_SCAN_SLACK	16

extern NvpCsvScanFunc nvp_csv_scan_best(void);
extern NvpCsvScanFunc nvp_csv_scan_body(int level);
extern uint32 nvp_csv_scan_plain(const char *buf, uint32 from, uint32 to,
								 const NvpCsvSigns *signs, uint32 *out);

#endif							/* NVP_CSV_SCAN_H */
