/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text - a string that grows while it is written
 */
#include "oci/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Make room for n more bytes and the NUL. */
static void reserve(struct text *t, size_t n)
{
	size_t cap = t->cap ? t->cap : 4096;
	char *s = NULL;

	if (n < SIZE_MAX / 4 && t->len < SIZE_MAX / 4) {
		while (cap - t->len <= n)
			cap *= 2;
		if (cap == t->cap)
			return;
		s = realloc(t->s, cap);
	}
	if (!s) {
		fprintf(stderr, "vmcg: out of memory (%zu bytes asked for)\n", n);
		_Exit(1);
	}
	t->s = s;
	t->cap = cap;
}

void text_put(struct text *t, const char *bytes, size_t n)
{
	if (t->cap - t->len <= n)
		reserve(t, n);
	if (n)
		memcpy(t->s + t->len, bytes, n);
	t->len += n;
	t->s[t->len] = '\0';
}

void text_puts(struct text *t, const char *s)
{
	text_put(t, s, strlen(s));
}

void text_printf(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n <= 0)
		return;
	reserve(t, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(t->s + t->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	t->len += (size_t)n;
}

void text_free(struct text *t)
{
	free(t->s);
	*t = (struct text){0};
}
