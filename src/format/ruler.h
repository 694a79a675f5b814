/*-------------------------------------------------------------------------
 *
 * ruler.h
 *		What database clients draw around a table: lines of dashes, and how many
 *		rows there were.
 *
 *		id   name		 id | name		+----+------+
 *		---- ------		----+------		| id | name |
 *
 * Pure: no memory, no errors.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_RULER_H
#define NVP_RULER_H

/* a line of - or = and blanks: how many groups of them; 0 = it is none, or has fewer than four of them */
extern int	nvp_ruler_groups(const char *p, const char *end);

/* a line of - or = with + where columns meet, blanks around it aside */
extern bool nvp_is_crossed_ruler(const char *p, const char *end);

/* nothing but dashes: how many, 0 = it is something else */
extern uint32 nvp_count_dashes(const char *p, uint32 len);

/* "(3 rows)", "3 rows selected.", "3 record(s) selected.", "(1 row affected)", "3 rows in set (0.00 sec)" */
extern bool nvp_is_row_count(const char *p, const char *end);

#endif							/* NVP_RULER_H */
