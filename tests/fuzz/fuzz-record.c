/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-record - any bytes to a record; what is accepted reads back the same
 *
 * Besides: no step of an accepted record can name a path outside of its hierarchy,
 * its steps can be merged with themselves, and a refusal blames this host's file,
 * not the caller's input.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook/record_merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz-record: %s\n", what);
	abort();
}

/* "/a/../b", "/.." and "/../a" all lead away. */
static bool leads_away(const char *path)
{
	for (const char *at = strstr(path, "/.."); at; at = strstr(at + 1, "/.."))
		if (at[3] == '/' || at[3] == '\0')
			return true;
	return path[0] != '/';
}

static void check(const struct record *r)
{
	must(r->id && r->boot && r->path, "a part is missing");
	must(r->n_mounts == 0 || r->mounts[0].root, "a mount has no root");
	must(!leads_away(r->path), "the target leads away");
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct record_step *s = &r->steps[i];

		must(!leads_away(s->step.path), "a step leads away");
		must(!s->step.file || !strchr(s->step.file, '/'), "a file is a path");
		must(s->step.op <= PLAN_VERIFY, "a step has no kind");
		must(s->step.op != PLAN_SET || !s->old == !s->set, "half of a change");
	}
	for (size_t i = 0; i < r->devices.n; i++)
		must(r->devices.entries[i].access && r->devices.entries[i].access <= OCI_RWM,
		     "a rule has no access");
	for (size_t i = 0; i < r->n_added; i++)
		must(r->added[i].pid > 0 && record_process(r, r->added[i].pid),
		     "an added process is nobody");
	for (size_t i = 0; i < r->n_plugs; i++)
		must(r->plugs[i].path && (r->plugs[i].type == 'b' || r->plugs[i].type == 'c') &&
			 r->plugs[i].major >= 0 && r->plugs[i].minor >= 0,
		     "a plugged device is none");
	must(r->resources.base && *r->resources.base, "the resources stand nowhere");
}

/* NULL is equal to NULL only. */
static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* What is not seen when only the texts are compared: a field that is not written at all. */
static void check_kept(const struct record *was, const struct record *is)
{
	must(same(was->tail, is->tail), "the tail is lost");
	must(was->frozen == is->frozen, "whether it was frozen is lost");
	must(was->n_added == is->n_added, "an added process is lost");
	must(was->has_resources == is->has_resources, "whether there are resources is lost");
	must(same(was->properties, is->properties), "the properties are lost");
	must(was->has_devices == is->has_devices, "whether there are devices is lost");
	/* without a filter nothing can be plugged into it */
	must(!was->has_devices || was->n_plugs == is->n_plugs, "a plugged device is lost");
	must(was->n_mounts == is->n_mounts, "a mount is lost");
}

/* The same steps taken again: none is lost, and what was there first stays. */
static void merge(const struct record *r, struct arena *a)
{
	struct record twice = *r;
	struct error e = {0};

	if (record_merge(&twice, r, r, a, &e) < 0) {
		must(e.kind == ERROR_HOST && *e.text, "no proper message of a merge");
		return;
	}
	must(!r->n_steps == !twice.n_steps, "steps are lost when they are taken again");
	must(!r->n_steps || same(twice.steps[0].old, r->steps[0].old) ||
		 r->steps[0].step.op == PLAN_SET,
	     "what was there first is lost");
}

static void round_trip(const struct record *r, struct arena *a)
{
	struct text first = {0}, second = {0};
	struct record again = {0};
	struct error e = {0};

	record_json(r, &first);
	if (record_parse(&again, a, "again.json", first.s, first.len, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		must(false, "what was written is refused");
	}
	check_kept(r, &again);
	record_json(&again, &second);
	must(!strcmp(first.s, second.s), "what was written reads differently");
	text_free(&first);
	text_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record r = {0};
	struct arena a = {0};
	struct error e = {0};

	if (record_parse(&r, &a, "c1.json", (const char *)data, size, &e) < 0) {
		must(e.kind == ERROR_HOST && strstr(e.text, "c1.json") && !strchr(e.text, '\n'),
		     "no proper message");
		must(!r.id, "the output was touched");
	} else {
		check(&r);
		round_trip(&r, &a);
		merge(&r, &a);
	}
	arena_free(&a);
	return 0;
}
