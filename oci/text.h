/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text - a string that grows while it is written
 *
 * For everything that is printed or stored: plan, facts, record, log line.
 * Memory that runs out ends the process, as in arena.h.
 */
#ifndef VMCG_OCI_TEXT_H
#define VMCG_OCI_TEXT_H

#include <stddef.h>

/* Starts as {0}; s is NULL until something was written, then always terminated. */
struct text {
	char *s;
	size_t len, cap;
};

void text_put(struct text *t, const char *bytes, size_t n);
void text_puts(struct text *t, const char *s);
void text_printf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *t);

#endif
