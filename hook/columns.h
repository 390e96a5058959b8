/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns - a table for people: as wide as its cells need
 */
#ifndef VMCG_HOOK_COLUMNS_H
#define VMCG_HOOK_COLUMNS_H

#include "oci/arena.h"
#include "oci/text.h"

enum { COLUMNS_MAX = 16 };

/* Starts as {.n_columns = n}; cells live in the arena or are borrowed. */
struct columns {
	size_t n_columns;
	const char **cells; /* row after row */
	size_t n_cells;
};

/* Append a cell; NULL is an empty one. */
void columns_add(struct columns *t, struct arena *a, const char *cell);

/* All rows, two blanks between the columns, none at the end of a line. */
void columns_print(const struct columns *t, const char *indent, struct text *out);

#endif
