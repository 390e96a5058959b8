/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonw - JSON text, written
 *
 * Every value begins with lead(), which puts the comma, the line end and blanks
 * where the form wants them, and the member's name.
 */
#include "oci/jsonw.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Is what stands at the current level on lines of its own? */
static bool is_broken(const struct jsonw *w)
{
	return w->pretty && w->depth > 0 && !w->flat[w->depth - 1];
}

static void put_line(struct jsonw *w)
{
	text_puts(w->out, "\n");
	for (unsigned i = 0; i < w->depth; i++)
		text_puts(w->out, "  ");
}

/* Can the character stand as it is? */
static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* The two-character form of a character that is not plain, or the six-character form. */
static const char *escape(char c, char buf[8])
{
	switch (c) {
	case '"': return "\\\"";
	case '\\': return "\\\\";
	case '\n': return "\\n";
	case '\t': return "\\t";
	default: break;
	}
	snprintf(buf, 8, "\\u%04x", (unsigned)(unsigned char)c);
	return buf;
}

static void put_string(struct text *out, const char *s)
{
	char buf[8];

	text_put(out, "\"", 1);
	while (*s) {
		size_t n = 0;

		while (s[n] && is_plain(s[n]))
			n++;
		text_put(out, s, n);
		s += n;
		if (*s)
			text_puts(out, escape(*s++, buf));
	}
	text_put(out, "\"", 1);
}

/* What stands before a value. */
static void lead(struct jsonw *w, const char *key)
{
	assert((key != NULL) == (w->depth > 0 && w->object[w->depth - 1]));
	if (w->depth > 0) {
		bool *filled = &w->filled[w->depth - 1];

		if (*filled)
			text_puts(w->out, w->pretty && !is_broken(w) ? ", " : ",");
		*filled = true;
		if (is_broken(w))
			put_line(w);
	}
	if (key) {
		put_string(w->out, key);
		text_puts(w->out, w->pretty ? ": " : ":");
	}
}

static void begin(struct jsonw *w, const char *key, bool object, bool flat)
{
	assert(w->depth < JSONW_MAX_DEPTH);
	lead(w, key);
	text_puts(w->out, object ? "{" : "[");
	w->object[w->depth] = object;
	/* What is inside a flat value is flat. */
	w->flat[w->depth] = flat || (w->depth > 0 && w->flat[w->depth - 1]);
	w->filled[w->depth] = false;
	w->depth++;
}

static void end(struct jsonw *w, bool object)
{
	bool broken;

	assert(w->depth > 0 && w->object[w->depth - 1] == object);
	broken = is_broken(w) && w->filled[w->depth - 1];
	w->depth--;
	if (broken)
		put_line(w);
	text_puts(w->out, object ? "}" : "]");
}

void jsonw_object(struct jsonw *w, const char *key)
{
	begin(w, key, true, false);
}

void jsonw_array(struct jsonw *w, const char *key)
{
	begin(w, key, false, false);
}

void jsonw_flat_object(struct jsonw *w, const char *key)
{
	begin(w, key, true, true);
}

void jsonw_flat_array(struct jsonw *w, const char *key)
{
	begin(w, key, false, true);
}

void jsonw_end_object(struct jsonw *w)
{
	end(w, true);
}

void jsonw_end_array(struct jsonw *w)
{
	end(w, false);
}

void jsonw_string(struct jsonw *w, const char *key, const char *s)
{
	if (!s) {
		jsonw_null(w, key);
		return;
	}
	lead(w, key);
	put_string(w->out, s);
}

void jsonw_int(struct jsonw *w, const char *key, int64_t v)
{
	lead(w, key);
	text_printf(w->out, "%" PRId64, v);
}

void jsonw_uint(struct jsonw *w, const char *key, uint64_t v)
{
	lead(w, key);
	text_printf(w->out, "%" PRIu64, v);
}

void jsonw_hundredths(struct jsonw *w, const char *key, uint64_t v)
{
	lead(w, key);
	text_printf(w->out, "%" PRIu64 ".%02u", v / 100, (unsigned)(v % 100));
}

void jsonw_bool(struct jsonw *w, const char *key, bool v)
{
	lead(w, key);
	text_puts(w->out, v ? "true" : "false");
}

void jsonw_null(struct jsonw *w, const char *key)
{
	lead(w, key);
	text_puts(w->out, "null");
}
