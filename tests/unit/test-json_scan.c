/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-json_scan - bytes no document may hold, against a plain model
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "oci/json_scan.h"

/* How long the character at s is, by decoding it and looking whether it had to be that long. */
static size_t decode(const unsigned char *s, size_t len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80       ? 1
		   : s[0] >> 5 == 6  ? 2
		   : s[0] >> 4 == 14 ? 3
		   : s[0] >> 3 == 30 ? 4
				     : 0;
	uint32_t v;

	if (n < 2 || n > len)
		return n > len ? 0 : n;
	v = s[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		v = v << 6 | (s[i] & 0x3f);
	}
	return v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff) ? 0 : n;
}

static size_t model(const unsigned char *s, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t n = s[i] ? decode(s + i, len - i) : 0;

		if (!n)
			return i;
		i += n;
	}
	return len;
}

/* All texts of up to four bytes made of those at which something changes. */
static void test_utf8(void **state)
{
	static const unsigned char edges[] = {0x00, 0x01, 'a',  0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0,
					      0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
					      0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
	const size_t n = sizeof(edges);
	const char *what;

	(void)state;
	for (size_t i = 0; i < n * n * n * n; i++) {
		unsigned char s[4] = {edges[i % n], edges[i / n % n], edges[i / n / n % n],
				      edges[i / n / n / n]};

		for (size_t len = 1; len <= 4; len++)
			if (json_scan((char *)s, len, &what) != model(s, len))
				fail_msg("%02x %02x %02x %02x, %zu bytes: got %zu, want %zu", s[0],
					 s[1], s[2], s[3], len, json_scan((char *)s, len, &what),
					 model(s, len));
	}
}

static void test_escapes(void **state)
{
	static const struct {
		const char *text;
		size_t want; /* the place of the fault, or the length */
	} rows[] = {
	    {"\\u0000", 0},
	    {"\\u0001", 6},
	    {"\\\\u0000", 7},
	    {"\\\\\\u0000", 2},
	    {"x\\ud800", 1},
	    {"\\udbff\\udc00", 12},
	    {"\\uD800\\uDFFF", 12},
	    {"\\udc00\\ud800", 0},
	    {"\\udc00\\udc00", 0},
	    {"\\ud800\\ud800", 0},
	    {"\\ud800x\\udc00", 0},
	    {"\\ud800\\u0041", 0},
	    {"\\ud7ff\\ue000", 12},
	    {"\\ud800\\\\udc00", 0},
	    {"\\n\\\"\\/", 6},
	    {"\\", 1},
	    {"\\u", 2},
	    {"\\u00", 4},
	    {"\\u00g0", 6},
	    {"\\\xff", 1},
	    {"\\\xc3\xa9", 3},
	    {"\\ud83d\\ude00\\ude00", 12},
	};
	const char *what;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t got = json_scan(rows[i].text, strlen(rows[i].text), &what);

		if (got != rows[i].want)
			fail_msg("%s: got %zu, want %zu", rows[i].text, got, rows[i].want);
	}
}

/* Many bytes are looked at together: a fault must not hide at any place among them. */
static void test_places(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *what;
	} faults[] = {
	    {"\0", 1, "NUL byte"},     {"\xff", 1, "UTF-8"},        {"\x80", 1, "UTF-8"},
	    {"\\u0000", 6, "\\u0000"}, {"\\ud800", 6, "surrogate"},
	};
	char text[120];

	(void)state;
	for (size_t at = 0; at < 100; at++)
		for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
			const char *what = "";

			memset(text, 'x', sizeof(text));
			memcpy(text + at, faults[i].bytes, faults[i].n);
			assert_int_equal(json_scan(text, sizeof(text), &what), at);
			if (!strstr(what, faults[i].what))
				fail_msg("\"%s\" does not say \"%s\"", what, faults[i].what);
			what = NULL;
			assert_int_equal(json_scan(text, at, &what), at);
			assert_null(what);
		}
}

static void test_lines(void **state)
{
	static char text[10000];
	size_t lines = 0;

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		if (len < 300 || len % 997 == 0)
			assert_int_equal(json_scan_lines(text, len), lines);
		/* bytes beside '\n', and with its bits and others */
		text[len] = "\n\n\x0b\x09\x8a\n\x1a\n"[len * 7 % 8];
		lines += text[len] == '\n';
	}
	memset(text, '\n', sizeof(text)); /* no counter runs over */
	assert_int_equal(json_scan_lines(text, sizeof(text)), sizeof(text));
}

/* Never too few; too many only of what is empty. */
static void test_values(void **state)
{
	static const struct {
		const char *text;
		size_t want;
	} rows[] = {
	    {"1", 1},
	    {"[1]", 2},
	    {"[1,2,3]", 4},
	    {"{\"a\":1,\"b\":[true,null]}", 5},
	    {"[[[1]]]", 4},
	    {"[]", 2},
	    {"[{},{}]", 5},
	    {"\"a,b{c[d\"", 1},
	    {"[\"\\\"\",\",\"]", 3},
	    {"[\"\\\\\",1]", 3},
	    {"{\"a,\\\"[\":\"x\"}", 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t got = json_scan_values(rows[i].text, strlen(rows[i].text));

		if (got != rows[i].want)
			fail_msg("%s: got %zu", rows[i].text, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_utf8),   cmocka_unit_test(test_escapes),
	    cmocka_unit_test(test_places), cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
