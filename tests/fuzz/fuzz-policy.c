/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-policy - any bytes to a policy; what is accepted keeps the promises of policy.h
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz-policy: %s\n", what);
	abort();
}

static void check_list(const struct policy_list *list, bool paths)
{
	for (size_t i = 0; i < list->n; i++) {
		must(!paths || list->items[i][0] == '/', "an item is no absolute path");
		must(policy_lists(list, list->items[i]), "an item is not in its list");
		policy_permits(list, list->items[list->n - 1 - i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy p = {0};
	struct arena a = {0};
	struct error e = {0};

	if (policy_parse(&p, &a, (const char *)data, size, &e) < 0) {
		must(e.kind == ERROR_INPUT && e.text[0] && !strchr(e.text, '\n'),
		     "no proper message");
		must(!p.add.n && !p.manager && !p.root && !p.join && !p.kill,
		     "the output was touched");
	} else {
		check_list(&p.add, true);
		check_list(&p.remove, true);
		check_list(&p.require, true);
		check_list(&p.deny, true);
		check_list(&p.permit, true);
		check_list(&p.annotations, false);
		must(!p.manager || !strcmp(p.manager, "auto") || !strcmp(p.manager, "cgroupfs") ||
			 !strcmp(p.manager, "systemd"),
		     "there is no such manager");
		must(!p.root || p.root[0] == '/', "the run directory is no absolute path");
	}
	arena_free(&a);
	return 0;
}
