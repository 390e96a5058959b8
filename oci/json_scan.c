/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_scan - what is wrong with the bytes of a JSON text, before its syntax is looked at
 *
 * Nearly all of a document is plain ASCII, so a block of 32 bytes is tested at once for
 * anything that needs a look: a byte above 0x7f, a NUL, a backslash. Strings are
 * not told from what is between them: valid JSON has backslashes only in strings,
 * and everything else is for the parser to refuse.
 */
#include "oci/json_scan.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 32 };

/* The compiler makes of these what the machine has: vector registers, or plain words. */
typedef unsigned char bytes16 __attribute__((vector_size(16)));
typedef signed char signed16 __attribute__((vector_size(16)));
typedef uint64_t words16 __attribute__((vector_size(16)));

static bytes16 load(const char *p)
{
	bytes16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* All bits set in the bytes that need a look. */
static signed16 odd_bytes(bytes16 v)
{
	return ((signed16)v < 0) | (v == 0) | (v == '\\');
}

/* How many bytes from here on need no look; may fall short of the truth. */
static size_t plain_run(const char *bytes, size_t len)
{
	size_t i = 0;

	for (; len - i >= BLOCK; i += BLOCK) {
		words16 odd =
		    (words16)(odd_bytes(load(bytes + i)) | odd_bytes(load(bytes + i + 16)));

		if (odd[0] | odd[1])
			break;
	}
	return i;
}

/* The length of the UTF-8 sequence at s; 0 when it is overlong, a surrogate, too large, cut. */
static size_t utf8_length(const unsigned char *s, size_t len)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (len < n)
		return 0;
	/* The first byte narrows what may follow it. */
	switch (s[0]) {
	case 0xe0: low = 0xa0; break;
	case 0xed: high = 0x9f; break;
	case 0xf0: low = 0x90; break;
	case 0xf4: high = 0x8f; break;
	default: break;
	}
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* The value of "\uXXXX" at s; -1 when it is something else. */
static long unicode_escape(const char *s, size_t len)
{
	long v = 0;

	if (len < 6 || s[0] != '\\' || s[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			v = v * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* The length of the escape at s; 0 with *ret_what for one that is refused. */
static size_t escape_length(const char *s, size_t len, const char **ret_what)
{
	long v = unicode_escape(s, len), second;

	if (v < 0) /* short, or the parser's business; the character behind is no escape */
		return len < 2 || (unsigned char)s[1] >= 0x80 || !s[1] ? 1 : 2;
	if (v == 0) {
		*ret_what = "the string holds a NUL (\\u0000), which no name, path or value may";
		return 0;
	}
	if (v < 0xd800 || v > 0xdfff)
		return 6;
	second = unicode_escape(s + 6, len - 6);
	if (v < 0xdc00 && second >= 0xdc00 && second <= 0xdfff)
		return 12;
	*ret_what = "the string holds half of a surrogate pair (\\uD800..\\uDFFF), no character";
	return 0;
}

/* The length of what stands at s and needs a look; 0 with *ret_what when it is refused. */
static size_t odd_length(const char *s, size_t len, const char **ret_what)
{
	if (*s == '\\')
		return escape_length(s, len, ret_what);
	if (*s == '\0') {
		*ret_what = "the text holds a NUL byte";
		return 0;
	}
	*ret_what = "the text is not valid UTF-8 here";
	return utf8_length((const unsigned char *)s, len);
}

size_t json_scan(const char *bytes, size_t len, const char **ret_what)
{
	const char *what = NULL;
	size_t i = 0;

	while (i < len) {
		size_t n, stop;

		/* Odd bytes come in company: the next blocks are tried only behind this one. */
		i += plain_run(bytes + i, len - i);
		stop = len - i < BLOCK ? len : i + BLOCK;
		while (i < stop) {
			n = 1;
			if ((signed char)bytes[i] <= 0 || bytes[i] == '\\')
				n = odd_length(bytes + i, len - i, &what);
			if (n == 0) {
				*ret_what = what;
				return i;
			}
			i += n;
		}
	}
	return len;
}

size_t json_scan_values(const char *bytes, size_t len)
{
	size_t values = 1;
	bool quoted = false;

	/* Every value is the first of its parent, or stands behind a comma. */
	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];

		if (c == '"')
			quoted = !quoted;
		else if (quoted && c == '\\')
			i++;
		else if (!quoted)
			values += c == ',' || c == '{' || c == '[';
	}
	return values;
}

size_t json_scan_lines(const char *bytes, size_t n)
{
	size_t lines = 0, i = 0;

	while (n - i >= 16) {
		bytes16 counts = {0};

		/* A byte counts to 255 before it must be emptied. */
		for (int k = 0; k < 255 && n - i >= 16; k++, i += 16)
			counts -= (bytes16)(load(bytes + i) == '\n');
		for (int k = 0; k < 16; k++)
			lines += counts[k];
	}
	for (; i < n; i++)
		lines += bytes[i] == '\n';
	return lines;
}
