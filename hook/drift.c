/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drift - where a container is not as its record says: a list of differences, and its two forms
 */
#include "hook/drift.h"

#include "hook/columns.h"
#include "hook/human.h"
#include "oci/jsonw.h"

const char *const drift_what_name[] = {
    [DRIFT_GROUP] = "group",     [DRIFT_PROCESS] = "process",
    [DRIFT_VALUE] = "value",     [DRIFT_CONTROLLERS] = "controllers",
    [DRIFT_DEVICES] = "devices", [DRIFT_PROGRAM] = "program",
    [DRIFT_UNIT] = "unit",
};

_Static_assert(sizeof(drift_what_name) / sizeof(*drift_what_name) == DRIFT_UNIT + 1,
	       "each kind has a word");

void drift_add(struct drift *d, enum drift_what what, const char *where, const char *recorded,
	       const char *live, const char *why)
{
	*ARENA_APPEND(d->arena, d->rows, d->n) = (struct drift_row){
	    .what = what, .where = where, .recorded = recorded, .live = live, .why = why};
}

/* One line of a terminal: a file may hold several, and a path any byte. */
static const char *cell(const char *s, struct arena *a)
{
	struct text out = {0};
	const char *copy;

	if (!s || !*s)
		return s ? "\"\"" : "-";
	for (; *s; s++) {
		if (*s == '\n')
			text_puts(&out, s[1] ? "; " : "");
		else
			text_put(&out, (unsigned char)*s < ' ' || *s == 0x7f ? "?" : s, 1);
	}
	copy = arena_printf(a, "%s", out.s ? out.s : "");
	text_free(&out);
	return copy;
}

static void put_table(const struct drift *d, struct text *out)
{
	static const char *const head[] = {"WHAT", "WHERE", "RECORDED", "LIVE", "WHY"};
	struct columns t = {.n_columns = sizeof(head) / sizeof(*head)};

	for (size_t i = 0; i < t.n_columns; i++)
		columns_add(&t, d->arena, head[i]);
	for (size_t i = 0; i < d->n; i++) {
		const struct drift_row *r = &d->rows[i];

		columns_add(&t, d->arena, drift_what_name[r->what]);
		columns_add(&t, d->arena, cell(r->where, d->arena));
		columns_add(&t, d->arena, cell(r->recorded, d->arena));
		columns_add(&t, d->arena, cell(r->live, d->arena));
		columns_add(&t, d->arena, cell(r->why, d->arena));
	}
	columns_print(&t, "", out);
}

void drift_text(const struct drift *d, const char *id, struct text *out)
{
	char values[HUMAN_MAX], filters[HUMAN_MAX];

	if (d->n) {
		put_table(d, out);
		return;
	}
	text_printf(out, "%s: as recorded (%s, %s", id, human_count(values, d->n_values, "setting"),
		    human_count(filters, d->n_filters, "device filter"));
	if (d->unit)
		text_printf(out, ", unit %s", d->unit);
	text_puts(out, ")\n");
}

void drift_json(const struct drift *d, const char *id, struct text *out)
{
	struct jsonw w = {.out = out, .pretty = true};

	jsonw_object(&w, NULL);
	jsonw_string(&w, "id", id);
	jsonw_array(&w, "drift");
	for (size_t i = 0; i < d->n; i++) {
		const struct drift_row *r = &d->rows[i];

		jsonw_flat_object(&w, NULL);
		jsonw_string(&w, "what", drift_what_name[r->what]);
		jsonw_string(&w, "where", r->where);
		jsonw_string(&w, "recorded", r->recorded);
		jsonw_string(&w, "live", r->live);
		jsonw_string(&w, "why", r->why);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	text_puts(out, "\n");
}
