/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error - one message, made where the failure happened
 *
 * Messages quote names and values that come from input, so control characters
 * are shown as \xNN: a cgroup path with a newline must not forge a second line.
 */
#include "oci/error.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Copy raw behind what e->text holds, escaped, always terminated. */
static void append_escaped(struct error *e, const char *raw)
{
	size_t at = strlen(e->text);

	for (; *raw; raw++) {
		unsigned char c = (unsigned char)*raw;
		bool plain = c >= 0x20 && c != 0x7f;
		size_t need = plain ? 1 : 4;

		if (at + need >= sizeof(e->text))
			break;
		if (plain)
			e->text[at] = *raw;
		else
			snprintf(e->text + at, 5, "\\x%02x", c);
		at += need;
	}
	e->text[at] = '\0';
}

static void append_format(struct error *e, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void append_format(struct error *e, const char *fmt, va_list ap)
{
	char raw[sizeof(e->text)];

	vsnprintf(raw, sizeof(raw), fmt, ap);
	append_escaped(e, raw);
}

int error_set(struct error *e, enum error_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return -1;
	e->kind = kind;
	e->os = 0;
	e->text[0] = '\0';
	va_start(ap, fmt);
	append_format(e, fmt, ap);
	va_end(ap);
	return -1;
}

int error_set_os(struct error *e, enum error_kind kind, int os, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return -1;
	e->kind = kind;
	e->os = os;
	e->text[0] = '\0';
	va_start(ap, fmt);
	append_format(e, fmt, ap);
	va_end(ap);
	append_escaped(e, ": ");
	append_escaped(e, strerror(os));
	return -1;
}

int error_add(struct error *e, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return -1;
	va_start(ap, fmt);
	append_format(e, fmt, ap);
	va_end(ap);
	return -1;
}
