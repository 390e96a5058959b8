/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns - a table for people: as wide as its cells need
 */
#include "hook/columns.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

void columns_add(struct columns *t, struct arena *a, const char *cell)
{
	*ARENA_APPEND(a, t->cells, t->n_cells) = cell ? cell : "";
}

/* Characters of UTF-8, which is what a terminal counts. */
static size_t width_of(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* Is nothing but empty cells behind this one in its row? */
static bool is_last(const struct columns *t, size_t cell)
{
	do
		cell++;
	while (cell % t->n_columns && !*t->cells[cell]);
	return cell % t->n_columns == 0;
}

void columns_print(const struct columns *t, const char *indent, struct text *out)
{
	size_t width[COLUMNS_MAX] = {0};

	assert(t->n_columns <= COLUMNS_MAX && t->n_cells % t->n_columns == 0);
	for (size_t i = 0; i < t->n_cells; i++) {
		size_t n = width_of(t->cells[i]);

		if (n > width[i % t->n_columns])
			width[i % t->n_columns] = n;
	}
	for (size_t i = 0; i < t->n_cells; i++) {
		size_t column = i % t->n_columns;

		if (column == 0)
			text_puts(out, indent);
		text_puts(out, t->cells[i]);
		if (is_last(t, i)) {
			text_puts(out, "\n");
			i += t->n_columns - 1 - column;
			continue;
		}
		for (size_t n = width_of(t->cells[i]); n < width[column] + 2; n++)
			text_puts(out, " ");
	}
}
