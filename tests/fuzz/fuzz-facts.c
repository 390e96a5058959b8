/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-facts - any bytes to host facts; what is accepted reads back the same
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz-facts: %s\n", what);
	abort();
}

static void check(const struct facts *f)
{
	must(f->layout <= LAYOUT_UNIFIED, "there is no such layout");
	for (size_t i = 0; i < f->n_mounts; i++) {
		const struct facts_mount *m = &f->mounts[i];

		must(m->name && m->path && m->root && m->path[0] == '/', "a mount has no place");
		must(facts_mount(f, m->name) != NULL, "a mount cannot be found");
		must(facts_version(f, m->name) > 0, "a mounted controller has no version");
	}
	for (size_t i = 0; i < f->n_devices; i++)
		must(!f->devices[i].present || f->devices[i].type == 'b' ||
			 f->devices[i].type == 'c',
		     "a device has no type");
	for (size_t i = 0; i < f->n_cgroups; i++)
		must(facts_cgroup(f, f->cgroups[i].path) != NULL, "a group cannot be found");
	for (size_t i = 0; i < f->n_processes; i++)
		must(f->processes[i].pid > 0, "a process has no number");
}

static void round_trip(const struct facts *f, struct arena *a)
{
	struct text first = {0}, second = {0}, people = {0};
	struct facts again = {0};
	struct error e = {0};

	facts_json(f, &first);
	if (facts_parse(&again, a, first.s, first.len, &e) < 0) {
		fprintf(stderr, "%s\n%s", e.text, first.s);
		must(false, "what was written is refused");
	}
	facts_json(&again, &second);
	must(!strcmp(first.s, second.s), "what was written reads differently");
	facts_text(f, &people);
	must(people.len && people.s[people.len - 1] == '\n', "the text has no end");
	text_free(&first);
	text_free(&second);
	text_free(&people);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct facts f = {0};
	struct arena a = {0};
	struct error e = {0};

	if (facts_parse(&f, &a, (const char *)data, size, &e) < 0) {
		must(e.kind == ERROR_INPUT && e.text[0] && !strchr(e.text, '\n'),
		     "no proper message");
		must(!f.mounts, "the output was touched");
	} else {
		check(&f);
		round_trip(&f, &a);
	}
	arena_free(&a);
	return 0;
}
