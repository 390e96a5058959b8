/* SPDX-License-Identifier: Apache-2.0 */
/*
 * planner-fixture - rows of resources and hosts in, plans as text out
 *
 * The expected text has a line for each step, "PHASE OP CONTROLLER FILE=VALUE
 * WHY", then one for each warning, "! TEXT"; or "input: TEXT" or "host: TEXT"
 * for an error. The resources stand at /r, the target is /vm.
 */
#ifndef VMCG_TESTS_PLANNER_FIXTURE_H
#define VMCG_TESTS_PLANNER_FIXTURE_H

#include "hook/planner.h"

enum fixture_host {
	HOST_ANY, /* in a row: the host that the table is checked on */
	HOST_V1,
	HOST_V2,
	HOST_HYBRID, /* hugetlb and rdma are on v2 */
};

struct planner_row {
	enum fixture_host host;
	const char *without; /* controllers and files this host lacks, blank-separated */
	const char *with;    /* files it has beyond the usual ones */
	bool reused;         /* the target exists already */
	bool lenient, systemd;
	struct oci_resources in;
	const char *want;
};

#define SET(value)          \
	{                   \
		true, value \
	}

typedef int planner_run(struct planner *p, struct error *e);

/* Run one translation over a table, on a host and without what is named (NULL: all is there)
 * unless a row has its own; fail after having shown each row that differs. */
void planner_rows_check(planner_run *plan, enum fixture_host host, const char *without,
			const struct planner_row *rows, size_t n);

#endif
