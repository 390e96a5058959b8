/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-state - any bytes to a state; what is accepted keeps the promises of state.h
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz-state: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_state s = {0};
	struct arena a = {0};
	struct error e = {0};
	size_t used = 0;

	if (oci_state_parse(&s, &used, &a, (const char *)data, size, &e) < 0) {
		must(e.kind == ERROR_INPUT && e.text[0] && !strchr(e.text, '\n'),
		     "no proper message");
		must(!s.id, "the output was touched");
	} else {
		must(used > 0 && used <= size, "the end is not in the text");
		must(strlen(s.id) >= 1 && strlen(s.id) <= 1024, "the id has no proper length");
		must(!strchr(s.id, '/') && strcmp(s.id, ".") && strcmp(s.id, ".."),
		     "the id is no file name");
		must(!s.bundle || (s.bundle[0] == '/' && strlen(s.bundle) <= 4095),
		     "the bundle is no absolute path");
		must(s.pid >= 0 && s.pid <= INT32_MAX, "the pid is out of range");
		for (size_t i = 0; i < s.n_annotations; i++)
			must(s.annotations[i].key[0] && s.annotations[i].value,
			     "an annotation is empty");
	}
	arena_free(&a);
	return 0;
}
