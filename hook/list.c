/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list - the command that lists the containers under management
 *
 * One pass: a record is read, its process and its cgroup are looked at, and what
 * is printed of it is kept; its own memory is given back before the next one.
 */
#include "hook/list.h"

#include <string.h>

#include "hook/columns.h"
#include "hook/human.h"
#include "hook/inspect.h"
#include "hook/log.h"
#include "hook/store.h"
#include "hook/usage_read.h"
#include "oci/jsonw.h"

/* What is known of one container. */
struct entry {
	const struct record *record;
	struct usage usage;
	struct inspect_life life;
};

static const char *const titles[] = {"ID",      "STATUS", "MANAGER", "MODE",  "PID",
				     "PROCESS", "MEMORY", "CPU",     "CGROUP"};

enum { N_COLUMNS = sizeof(titles) / sizeof(*titles) };

/* --- JSON --- */

static void put_value(struct jsonw *w, const struct usage *u, enum usage_item item)
{
	if (!u->v[item].set)
		return;
	if (u->v[item].v == USAGE_NO_LIMIT)
		jsonw_null(w, usage_fields[item].name);
	else
		jsonw_uint(w, usage_fields[item].name, u->v[item].v);
}

static void put_json(struct jsonw *w, const struct entry *l)
{
	const struct record *r = l->record;
	const struct usage *u = &l->usage;

	jsonw_object(w, NULL);
	jsonw_string(w, "id", r->id);
	jsonw_string(w, "status", record_status_name[r->status]);
	jsonw_string(w, "manager", manager_name[r->manager]);
	jsonw_string(w, "mode", mode_name[r->mode]);
	jsonw_string(w, "path", r->path);
	jsonw_int(w, "created", r->created);
	if (r->vm.pid)
		jsonw_int(w, "pid", r->vm.pid);
	else
		jsonw_null(w, "pid");
	jsonw_string(w, "comm", l->life.comm);
	jsonw_string(w, "hypervisor", l->life.hypervisor);
	jsonw_bool(w, "running", l->life.runs);
	jsonw_bool(w, "this_boot", l->life.this_boot);
	if (u->frozen.set)
		jsonw_bool(w, "frozen", u->frozen.v);
	else
		jsonw_null(w, "frozen");
	if (u->v[USAGE_MEMORY_CURRENT].set) {
		jsonw_flat_object(w, "memory");
		put_value(w, u, USAGE_MEMORY_CURRENT);
		put_value(w, u, USAGE_MEMORY_MAX);
		jsonw_end_object(w);
	}
	if (u->v[USAGE_CPU_TIME].set) {
		jsonw_flat_object(w, "cpu");
		put_value(w, u, USAGE_CPU_TIME);
		jsonw_end_object(w);
	}
	jsonw_end_object(w);
}

/* --- text --- */

/* "412 MiB/512 MiB", without a limit "412 MiB". */
static const char *memory_cell(const struct usage *u, struct arena *a)
{
	const struct opt_uint *current = &u->v[USAGE_MEMORY_CURRENT],
			      *max = &u->v[USAGE_MEMORY_MAX];
	char used[HUMAN_MAX], limit[HUMAN_MAX];

	if (!current->set)
		return "-";
	human_bytes(used, current->v);
	if (!max->set || max->v == USAGE_NO_LIMIT)
		return arena_printf(a, "%s", used);
	return arena_printf(a, "%s/%s", used, human_bytes(limit, max->v));
}

static const char *cpu_cell(const struct usage *u, struct arena *a)
{
	char time[HUMAN_MAX];

	if (!u->v[USAGE_CPU_TIME].set)
		return "-";
	return arena_printf(a, "%s", human_usec(time, u->v[USAGE_CPU_TIME].v));
}

/* The cells outlive the record: what is the record's is copied. */
static void put_row(struct columns *t, struct arena *a, const struct entry *l)
{
	const struct record *r = l->record;
	const char *process = l->life.hypervisor ? l->life.hypervisor : l->life.comm;

	columns_add(t, a, arena_printf(a, "%s", r->id));
	columns_add(t, a, inspect_condition(r, &l->life, &l->usage));
	columns_add(t, a, manager_name[r->manager]);
	columns_add(t, a, mode_name[r->mode]);
	columns_add(t, a, r->vm.pid ? arena_printf(a, "%lld", (long long)r->vm.pid) : "-");
	columns_add(t, a, process ? arena_printf(a, "%s", process) : "-");
	columns_add(t, a, memory_cell(&l->usage, a));
	columns_add(t, a, cpu_cell(&l->usage, a));
	columns_add(t, a, inspect_has_group(r) ? arena_printf(a, "%s", r->path) : "-");
}

/* --- the pass --- */

static void look_at(struct entry *ret, const struct context *c, const struct record *r,
		    struct arena *a)
{
	struct cgroupfs fs;

	*ret = (struct entry){.record = r};
	inspect_open(&fs, c, r, a);
	inspect_life(&ret->life, &fs, r, false);
	if (ret->life.this_boot && inspect_has_group(r))
		usage_read_brief(&ret->usage, &fs, r);
	cgroupfs_close(&fs);
}

/* One record into the array or the table; one that cannot be read does not hide the others. */
static void add_record(struct context *c, const struct store *store, const char *id,
		       struct jsonw *w, struct columns *table)
{
	struct arena a = {0};
	struct record r = {0};
	struct entry l;
	struct error e;
	int loaded;

	loaded = store_load(&r, store, id, &a, &e);
	if (loaded < 0)
		log_warning("%s", e.text);
	if (loaded == 0) { /* else it is gone meanwhile */
		look_at(&l, c, &r, &a);
		if (c->options.json)
			put_json(w, &l);
		else
			put_row(table, c->arena, &l);
	}
	arena_free(&a);
}

int list_command(struct context *c, struct error *e)
{
	struct jsonw w = {.out = c->out, .pretty = true};
	struct columns table = {.n_columns = N_COLUMNS};
	struct store store = STORE_NONE;
	const char **ids = NULL;
	size_t n = 0;
	int got;

	got = store_open(&store, c->root, false, e);
	if (got == 0)
		got = store_list(&ids, &n, &store, c->arena, e);
	if (c->options.json)
		jsonw_array(&w, NULL);
	for (size_t i = 0; i < N_COLUMNS; i++)
		columns_add(&table, c->arena, titles[i]);
	for (size_t i = 0; got >= 0 && i < n; i++)
		add_record(c, &store, ids[i], &w, &table);
	if (c->options.json) {
		jsonw_end_array(&w);
		text_puts(c->out, "\n");
	} else {
		columns_print(&table, "", c->out);
	}
	store_close(&store);
	return got < 0 ? -1 : 0;
}
