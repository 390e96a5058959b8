/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonw - JSON text, written
 *
 * Commas, escaping and indentation in one place. The caller keeps the order of
 * names; calls must nest properly (asserted).
 */
#ifndef VMCG_OCI_JSONW_H
#define VMCG_OCI_JSONW_H

#include <stdbool.h>
#include <stdint.h>

#include "oci/text.h"

enum { JSONW_MAX_DEPTH = 64 };

/* Starts as {.out = &text}. pretty: two blanks a level; else one compact line. */
struct jsonw {
	struct text *out;
	bool pretty;
	unsigned depth;
	bool filled[JSONW_MAX_DEPTH]; /* is there already a value at this level? */
	bool flat[JSONW_MAX_DEPTH];   /* this object or array stays on one line */
	bool object[JSONW_MAX_DEPTH]; /* this is an object: its values have names */
};

/* key is the member's name, or NULL inside an array and at the root. */
void jsonw_object(struct jsonw *w, const char *key);
void jsonw_array(struct jsonw *w, const char *key);
/* As the above, but the whole object or array stays on one line in pretty form. */
void jsonw_flat_object(struct jsonw *w, const char *key);
void jsonw_flat_array(struct jsonw *w, const char *key);
void jsonw_end_object(struct jsonw *w);
void jsonw_end_array(struct jsonw *w);
/* s == NULL writes null. Control characters, quotes and backslashes are escaped. */
void jsonw_string(struct jsonw *w, const char *key, const char *s);
void jsonw_int(struct jsonw *w, const char *key, int64_t v);
void jsonw_uint(struct jsonw *w, const char *key, uint64_t v);
/* v hundredths, with two decimals: 103 is 1.03. */
void jsonw_hundredths(struct jsonw *w, const char *key, uint64_t v);
void jsonw_bool(struct jsonw *w, const char *key, bool v);
void jsonw_null(struct jsonw *w, const char *key);

#endif
