/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_names - the names of one JSON object, to find the one that stands twice
 *
 * Names are not copied: a set remembers where they are in the document. A name that
 * was written with escapes is kept in the pool, decoded.
 */
#ifndef VMCG_OCI_JSON_NAMES_H
#define VMCG_OCI_JSON_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/arena.h"
#include "oci/text.h"

enum { JSON_NAMES_FEW = 16 };

/* What all sets of one document share. Starts as {.doc, .len}; free decoded at the end. */
struct json_names_pool {
	const char *doc; /* at most JSON_MAX_BYTES */
	size_t len;
	struct text decoded; /* names that had escapes, each with a NUL behind it */
};

/* The names of one open object. Memory of a closed one is as good as {0} but for the two
 * arrays, which need no clearing: open it with json_names_open. */
struct json_names {
	size_t n;
	uint32_t last;       /* the name added last, for json_names_text */
	size_t decoded_mark; /* what the pool held when the object was opened */
	uint32_t *slots;     /* NULL while the names are few */
	size_t n_slots;      /* a power of two */
	struct arena arena;  /* holds slots */
	uint32_t briefs[JSON_NAMES_FEW], names[JSON_NAMES_FEW];
};

/* Objects open and close like brackets. */
void json_names_open(struct json_names *s, const struct json_names_pool *pool);
void json_names_close(struct json_names *s, struct json_names_pool *pool);

/* false: the name is there already. name points into the document, or was decoded. */
bool json_names_add(struct json_names *s, struct json_names_pool *pool, const char *name,
		    size_t len);

/* The text of the name added last; not terminated. Valid until the next add. */
const char *json_names_text(const struct json_names *s, const struct json_names_pool *pool);

#endif
