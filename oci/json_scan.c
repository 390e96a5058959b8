/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_scan - what is wrong with the bytes of a JSON text, before its syntax is looked at
 *
 * Nearly all of a document is plain ASCII, so eight bytes are tested at once for
 * anything that needs a look: a byte above 0x7f, a NUL, a backslash. Strings are
 * not told from what is between them: valid JSON has backslashes only in strings,
 * and everything else is for the parser to refuse.
 */
#include "oci/json_scan.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define EACH_BYTE(x) (UINT64_C(0x0101010101010101) * (x))

static uint64_t load(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* Non-zero when one of the eight bytes is zero. */
static uint64_t zero_byte(uint64_t w)
{
	return (w - EACH_BYTE(1)) & ~w & EACH_BYTE(0x80);
}

/* How many bytes from here on need no look; may fall short of the truth. */
static size_t plain_run(const char *bytes, size_t len)
{
	size_t i = 0;

	for (; len - i >= 8; i += 8) {
		uint64_t w = load(bytes + i);

		if ((w & EACH_BYTE(0x80)) | zero_byte(w) | zero_byte(w ^ EACH_BYTE('\\')))
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

size_t json_scan(const char *bytes, size_t len, const char **ret_what)
{
	size_t i = 0;

	while (i < len) {
		unsigned char c;
		size_t n = plain_run(bytes + i, len - i);

		i += n;
		if (i == len)
			break;
		c = (unsigned char)bytes[i];
		if (c == '\\') {
			n = escape_length(bytes + i, len - i, ret_what);
		} else if (c >= 0x80) {
			*ret_what = "the text is not valid UTF-8 here";
			n = utf8_length((const unsigned char *)bytes + i, len - i);
		} else if (c == 0) {
			*ret_what = "the text holds a NUL byte";
			n = 0;
		} else {
			n = 1;
		}
		if (n == 0)
			return i;
		i += n;
	}
	return len;
}

size_t json_scan_lines(const char *bytes, size_t n)
{
	size_t lines = 0, i = 0;

	for (; n - i >= 8; i += 8) {
		/* The top bit of each byte: set unless the byte is a line end. Exact, as no
		 * sum carries into the next byte. */
		uint64_t w = load(bytes + i) ^ EACH_BYTE('\n');
		uint64_t other = ((w & EACH_BYTE(0x7f)) + EACH_BYTE(0x7f)) | w;

		other = (~other & EACH_BYTE(0x80)) >> 7;
		lines += (other * EACH_BYTE(1)) >> 56;
	}
	for (; i < n; i++)
		lines += bytes[i] == '\n';
	return lines;
}
