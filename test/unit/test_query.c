/*-------------------------------------------------------------------------
 *
 * test_query.c
 *		Query strings outside the server: percent decoding, the tree that both
 *		syntaxes give, bounds, and every prefix of longer texts.
 *
 * What queries mean is tested in test/sql/query_string.sql.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "api/query_spec.h"

static int	count;
static int	failures;

static void
check(bool ok, const char *what, const char *got)
{
	count++;
	if (ok)
		return;
	failures++;
	printf("not ok %d - %s: %s\n", count, what, got ? got : "NULL");
}

static void
check_decode(const char *in, size_t len, bool plus, const char *expected)
{
	char	   *got = nvp_percent_decode(in, len, plus);

	check(expected ? got && strcmp(got, expected) == 0 : got == NULL, in, got);
}

static void
test_decode(void)
{
	check_decode("", 0, true, "");
	check_decode("abc", 2, true, "ab");
	check_decode("a+b%2Bc%20d", 11, true, "a b+c d");
	check_decode("a+b", 3, false, "a+b");
	check_decode("%41%6a%6A", 9, false, "Ajj");
	check_decode("%", 1, false, "%");
	check_decode("%4", 2, false, "%4");
	check_decode("%41", 2, false, "%4");
	check_decode("%zz%%41", 7, false, "%zz%A");
	check_decode("%G0%0g", 6, false, "%G0%0g");
	check_decode("%c3%a4\xc3\xa4", 8, false, "\xc3\xa4\xc3\xa4");
	check_decode("%f0%9f%98%80", 12, false, "\xf0\x9f\x98\x80");
	check_decode("%2541", 5, false, "%41");
	/* no UTF-8: alone, cut off, overlong, surrogate, beyond Unicode, NUL */
	check_decode("%ff", 3, false, NULL);
	check_decode("\xff", 1, false, NULL);
	check_decode("%c3", 3, false, NULL);
	check_decode("%c3%a", 5, false, NULL);
	check_decode("%c0%80", 6, false, NULL);
	check_decode("%e0%80%80", 9, false, NULL);
	check_decode("%ed%a0%80", 9, false, NULL);
	check_decode("%f4%90%80%80", 12, false, NULL);
	check_decode("a%00b", 5, false, NULL);
	check_decode("a\0b", 3, false, NULL);
}

static void
render(StringInfo out, const NvpTree *node)
{
	switch (node->kind)
	{
		case NVP_TREE_NULL:
			appendStringInfoString(out, "null");
			break;
		case NVP_TREE_BOOL:
			appendStringInfoString(out, node->boolean ? "true" : "false");
			break;
		case NVP_TREE_NUMBER:
			appendStringInfoString(out, node->text);
			break;
		case NVP_TREE_TEXT:
			appendStringInfo(out, "'%s'", node->text);
			break;
		case NVP_TREE_OBJECT:
		case NVP_TREE_ARRAY:
			appendStringInfoChar(out, node->kind == NVP_TREE_OBJECT ? '{' : '[');
			for (const NvpTree *child = node->first; child; child = child->next)
			{
				if (child != node->first)
					appendStringInfoChar(out, ' ');
				if (child->key)
					appendStringInfo(out, "%s:", child->key);
				render(out, child);
			}
			appendStringInfoChar(out, node->kind == NVP_TREE_OBJECT ? '}' : ']');
			break;
	}
}

/* expected begins with "!" for an error: path: message */
static void
check_tree(const char *in, bool is_json, const char *expected)
{
	NvpQueryError error;
	NvpTree    *tree = is_json ? nvp_tree_of_json(in, "x", &error) : nvp_tree_of_query(in, &error);
	StringInfoData out;

	initStringInfo(&out);
	if (tree)
		render(&out, tree);
	else
		appendStringInfo(&out, "!%s: %s", error.path, error.message);
	check(strcmp(out.data, expected) == 0, in, out.data);
}

static void
test_tree(void)
{
	check_tree("a=1&b[c][d]=2&b[c][e]=3&b[f]=4", false, "{a:'1' b:{c:{d:'2' e:'3'} f:'4'}}");
	check_tree("a=1&a=2&b[x]=1&b[x]=2&b[x]=3", false, "{a:'1' a:'2' b:{x:['1' '2' '3']}}");
	check_tree("b[]=1&b[]=2&b[7]=3", false, "{b:{0:'1' 1:'2' 7:'3'}}");
	check_tree("b[x]=1&b[x][y]=2", false, "{b:{x:'1' x:{y:'2'}}}");
	check_tree("%5B=1&[a]=2&a]=3", false, "{[:'1' [a]:'2' a]:'3'}");
	check_tree("a[b[c]]=1", false, "!a[b[c]]: a bracket is not closed, or something stands behind one");
	check_tree("a[[b]=1", false, "{a:{[b:'1'}}");
	check_tree("a%5Bb%5D=%7B&c", false, "{a:{b:'{'} c:''}");
	check_tree("=1&&x", false, "{x:''}");
	check_tree(" {\"a\" : [1, -2.5e+3 , true,false,null,\"x\"] ,\"a\":{}} ", true, "{a:[1 -2.5e+3 true false null 'x'] a:{}}");
	check_tree("\"\\u00e4\\n\\\"\\\\\\/\"", true, "'\xc3\xa4\n\"\\/'");
	check_tree("[]", true, "[]");
	check_tree("", true, "!x: invalid JSON at character 1");
	check_tree("{\"a\":1,}", true, "!x: invalid JSON at character 8");
	check_tree("[1 2]", true, "!x: invalid JSON at character 4");
	check_tree("[\"\xc3\xa4\" x]", true, "!x: invalid JSON at character 6");
	check_tree("{\"a\" 1}", true, "!x: invalid JSON at character 6");
	check_tree("1e401", true, "!x: a number is out of range");
	check_tree("1e-99999999999999999999", true, "!x: a number is out of range");
}

/* every prefix is read or refused, within the bounds of its memory */
static void
test_prefixes(void)
{
	static const char *const texts[] = {
		"sort[0]=a:asc&filters[$and][0][b][$in][1]=%c3%a4&pagination[page]=1&options[x]=y",
		"filters={\"$or\":[{\"a\":{\"$gt\":1.5e3}},{\"b\":[\"\\u00e4\\ud83d\\ude00\",true,null]},{\"$not\":{\"c.d\":{\"$null\":true}}}]}&sort={\"a\":\"asc\"}"
	};

	for (int i = 0; i < lengthof(texts); i++)
		for (size_t len = 0; len <= strlen(texts[i]); len++)
		{
			/* malloc, so that a byte too far is seen */
			char	   *prefix = pnstrdup(texts[i], len);
			NvpQueryError error = {0};
			NvpQuerySpec spec;
			NvpTree    *tree = nvp_tree_of_query(prefix, &error);
			bool		ok = tree && nvp_query_spec_read(tree, &spec, &error);

			check(ok || (error.path && error.message), prefix, "neither read nor refused");
			check(len < strlen(texts[i]) || ok, prefix, error.message);
		}
}

int
main(void)
{
	test_decode();
	test_tree();
	test_prefixes();
	printf("%d checks, %d failed\n", count, failures);
	return failures > 0;
}
