/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-record - any bytes to a record; what is accepted reads back the same
 *
 * Besides: no step of an accepted record can name a path outside of its hierarchy,
 * and a refusal blames this host's file, not the caller's input.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook/record.h"

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
		must(s->step.op <= PLAN_WRITE, "a step has no kind");
	}
	for (size_t i = 0; i < r->devices.n; i++)
		must(r->devices.entries[i].access && r->devices.entries[i].access <= OCI_RWM,
		     "a rule has no access");
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
	}
	arena_free(&a);
	return 0;
}
