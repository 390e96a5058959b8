/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hugetlb - linux.resources.hugepageLimits as steps
 *
 * Each entry limits what is faulted in and, where the kernel can, what is
 * reserved. Both, because pages that were reserved before the VM was placed are
 * charged to the group it came from.
 */
#include "hook/planner.h"

#include <string.h>

#include "hook/convert.h"

/* The page sizes that this host limits: "2MB, 1GB". */
static const char *list_sizes(struct planner *p, const char *ending)
{
	const char *list = "";

	for (size_t i = 0; i < p->facts->n_files; i++) {
		const char *size = p->facts->files[i], *dot;

		if (strncmp(size, "hugetlb.", 8) != 0)
			continue;
		size += 8;
		dot = strchr(size, '.');
		if (!dot || strcmp(dot + 1, ending) != 0)
			continue;
		list = arena_printf(p->plan->arena, "%s%s%.*s", list, *list ? ", " : "",
				    (int)(dot - size), size);
	}
	return *list ? list : "none";
}

static int check_entry(struct planner *p, size_t i, struct error *e)
{
	const struct oci_hugepage *h = &p->resources->hugepages[i];
	uint64_t page;

	if (!convert_page_size(h->page_size, &page))
		return planner_bad(planner_why(p, "hugepageLimits/%zu/pageSize", i), e,
				   "value \"%s\": expected a size like 2MB or 1GB", h->page_size);
	if (h->limit > 0 && h->limit < page)
		return planner_bad(planner_why(p, "hugepageLimits/%zu/limit", i), e,
				   "value %llu: less than a page of %s, which the kernel would "
				   "store as 0",
				   (unsigned long long)h->limit, h->page_size);
	return 0;
}

/* The limit on faults, then the one on reservations. */
static int plan_entry(struct planner *p, size_t i, int version, struct error *e)
{
	const struct oci_hugepage *h = &p->resources->hugepages[i];
	const char *why = planner_why(p, "hugepageLimits/%zu", i);
	const char *ending = version == 1 ? "limit_in_bytes" : "max";
	const char *fault = arena_printf(p->plan->arena, "hugetlb.%s.%s", h->page_size, ending);
	const char *rsvd = arena_printf(p->plan->arena, "hugetlb.%s.rsvd.%s", h->page_size, ending);

	if (!facts_has_file(p->facts, fault))
		return planner_unfit(planner_why(p, "hugepageLimits/%zu/pageSize", i), e,
				     "value \"%s\": page size not available, there is no %s "
				     "(this host has: %s)",
				     h->page_size, fault, list_sizes(p, ending));
	planner_write(p, PHASE_LIMITS, "hugetlb", fault, why, "%llu", (unsigned long long)h->limit);
	if (facts_has_file(p->facts, rsvd))
		planner_write(p, PHASE_LIMITS, "hugetlb", rsvd, why, "%llu",
			      (unsigned long long)h->limit);
	return 0;
}

int hugetlb_plan(struct planner *p, struct error *e)
{
	size_t n = p->resources->n_hugepages;
	int version;

	for (size_t i = 0; i < n; i++) {
		if (check_entry(p, i, e))
			return -1;
	}
	if (n == 0)
		return 0;
	version = planner_version(p, "hugetlb", planner_why(p, "hugepageLimits"), e);
	if (version <= 0)
		return version;
	for (size_t i = 0; i < n; i++) {
		if (plan_entry(p, i, version, e))
			return -1;
	}
	return 0;
}
