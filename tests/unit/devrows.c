/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devrows - the decision table of the device rules, for every test that needs it
 */
#include "tests/unit/devrows.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
const struct devrow devrows[] = {
	{1, "", "deny { }", "c1:3: none ; b8:0: none", 10},
	{2, "-a", "deny { }", "c1:3: none ; b8:0: none", 10},
	{3, "+a", "allow { }", "c1:3: r w rw m ; b8:0: r w rw m", 0},
	{4, "-a ; +c 10:232 rwm", "deny {c 10:232 rwm}", "c10:232: r w rw m ; c10:233: none ; b10:232: none", 14},
	{5, "-a ; +c 10:232 rw", "deny {c 10:232 rw}", "c10:232: r w rw", 14},
	{6, "-a ; +c 10:232 r", "deny {c 10:232 r}", "c10:232: r", 14},
	{7, "-a ; +c 10:232 m", "deny {c 10:232 m}", "c10:232: m", 14},
	{8, "+c 10:232 rw", "deny {c 10:232 rw}", "c10:232: r w rw ; c1:3: none", 14},
	{9, "-a ; +b 8:0 r", "deny {b 8:0 r}", "b8:0: r ; c8:0: none", 14},
	{10, "+c 10:232 rw ; -a", "deny { }", "c10:232: none", 10},
	{11, "+c 10:232 rw ; -a ; +c 10:200 rw", "deny {c 10:200 rw}", "c10:232: none ; c10:200: r w rw", 14},
	{12, "+a ; -a ; +c 1:3 r", "deny {c 1:3 r}", "c1:3: r ; c1:5: none", 14},
	{13, "-a ; +c 10:232 r ; +c 10:232 w", "deny {c 10:232 rw}", "c10:232: r w rw", 14},
	{14, "-a ; +c 10:232 rwm ; -c 10:232 w", "deny {c 10:232 rm}", "c10:232: r m", 14},
	{15, "-a ; +c 10:232 rwm ; -c 10:232 rwm", "deny { }", "c10:232: none", 10},
	{16, "-a ; +c 10:232 r ; -c 10:232 w", "deny {c 10:232 r}", "c10:232: r", 14},
	{17, "-a ; -c 10:232 rwm", "deny { }", "c10:232: none", 10},
	{18, "-a ; +c 10:232 rw ; +c 10:232 m ; -c 10:232 r", "deny {c 10:232 wm}", "c10:232: w m", 14},
	{19, "-a ; -c 10:232 rw ; +c 10:232 rw", "deny {c 10:232 rw}", "c10:232: r w rw", 14},
	{20, "+a ; -b 8:0 rwm", "allow {b 8:0 rwm}", "b8:0: none ; b8:1: r w rw m ; c8:0: r w rw m", 14},
	{21, "+a ; -c 10:232 w", "allow {c 10:232 w}", "c10:232: r m ; c10:238: r w rw m", 14},
	{22, "+a ; -c 10:232 rw", "allow {c 10:232 rw}", "c10:232: m", 14},
	{23, "+a ; -c 10:232 m", "allow {c 10:232 m}", "c10:232: r w rw", 14},
	{24, "+a ; -c 10:232 rw ; +c 10:232 r", "allow {c 10:232 w}", "c10:232: r m", 14},
	{25, "+a ; -c 10:232 w ; +c 10:232 rwm", "allow { }", "c10:232: r w rw m", 0},
	{26, "+a ; +c 10:232 rwm", "allow { }", "c10:232: r w rw m", 0},
	{27, "-b 8:1 rwm ; +a ; -b 8:2 rwm", "allow {b 8:2 rwm}", "b8:1: r w rw m ; b8:2: none", 14},
	{28, "+a ; -c 10:* w", "allow {c 10:* w}", "c10:232: r m ; c1:3: r w rw m", 13},
	{29, "+a ; -b *:* w", "allow {b *:* w}", "b8:0: r m ; c1:3: r w rw m", 12},
	{30, "+a ; -c 1:3 r ; -c 1:* w", "allow {c 1:3 r; c 1:* w}", "c1:3: m ; c1:5: r m", 17},
	{31, "-a ; +c 136:* rw", "deny {c 136:* rw}", "c136:0: r w rw ; c136:9: r w rw ; c137:0: none", 13},
	{32, "-a ; +c *:* m ; +b *:* m", "deny {b *:* m; c *:* m}", "c1:3: m ; b8:0: m", 14},
	{33, "-a ; +c *:* m ; +c 1:3 rw", "deny {c 1:3 rw; c *:* m}", "c1:3: r w rw m ; c1:5: m", 16},
	{34, "-a ; +c *:232 rw", "deny {c *:232 rw}", "c10:232: r w rw ; c11:232: r w rw ; c10:231: none", 13},
	{35, "-a ; +c *:* rw", "deny {c *:* rw}", "c10:232: r w rw ; b8:0: none", 12},
	{36, "-a ; +c 1:* r ; +c 1:3 w", "deny {c 1:3 w; c 1:* r}", "c1:3: r w rw ; c1:5: r", 17},
	{37, "-a ; +c *:3 r ; +c 1:* w", "deny {c 1:* w; c *:3 r}", "c1:3: r w rw ; c1:5: w ; c2:3: r", 16},
	{38, "-a ; +c *:3 rw ; +c 1:* r ; +c *:* m", "deny {c 1:* r; c *:3 rw; c *:* m}", "c1:3: r w rw m ; c1:5: r m ; c2:3: r w rw m ; c9:9: m", 18},
	{39, "-a ; +c 1:3 rwm ; +c 1:5 rw ; +c 5:0 rw ; -c 1:* rwm", "deny {c 5:0 rw}", "c1:3: none ; c1:5: none ; c5:0: r w rw", 14},
	{40, "-a ; +c 1:3 rwm ; +b 8:0 rwm ; -c *:* w", "deny {b 8:0 rwm; c 1:3 rm}", "c1:3: r m ; b8:0: r w rw m", 18},
	{41, "-a ; +c 10:* rwm ; -c 10:* w", "deny {c 10:* rm}", "c10:232: r m", 13},
	{42, "-a ; +c 10:* rwm ; -c 10:232 w", "hole", "", 0},
	{43, "-a ; +c 10:* rm ; -c 10:232 w", "deny {c 10:* rm}", "c10:232: r m", 13},
	{44, "-a ; +c *:* rwm ; -c 10:* m", "hole", "", 0},
	{45, "-a ; +c 10:* r ; -c *:232 r", "hole", "", 0},
	{46, "-a ; +c 10:* r ; -c *:232 w", "deny {c 10:* r}", "c10:232: r", 13},
	{47, "+a ; -c 10:* rwm ; +c 10:232 rw", "hole", "", 0},
	{48, "+a ; -c 10:* w ; +c 10:232 r", "allow {c 10:* w}", "c10:232: r m ; c10:1: r m", 13},
	{49, "+a ; -c 10:232 rwm ; -c 10:238 rwm ; +c 10:* rw", "allow {c 10:232 m; c 10:238 m}", "c10:232: r w rw ; c10:238: r w rw", 18},
	{50, "-a ; +a 10:232 rwm", "deny {b 10:232 rwm; c 10:232 rwm}", "c10:232: r w rw m ; b10:232: r w rw m ; c1:3: none", 18},
	{51, "-a ; +a *:* r", "deny {b *:* r; c *:* r}", "c1:3: r ; b8:0: r", 14},
	{52, "+a ; -a *:* w", "allow {b *:* w; c *:* w}", "c1:3: r m ; b8:0: r m", 14},
	{53, "-a ; +c 1:3 rwm ; -a 1:3 w", "deny {c 1:3 rm}", "c1:3: r m", 14},
	{54, "-a ; +c 1:3 rwm ; +b 8:0 rw ; -a *:* w", "deny {b 8:0 r; c 1:3 rm}", "c1:3: r m ; b8:0: r", 18},
	{55, "-a ; +c 0:7 rw", "deny {c 0:7 rw}", "c0:7: r w rw ; c1:3: none", 14},
	{56, "-a ; +b 7:0 rw ; +b 7:* r", "deny {b 7:0 rw; b 7:* r}", "b7:0: r w rw ; b7:3: r", 17},
	{57, "-a ; +c 10:232 rw ; +c 10:232 rw", "deny {c 10:232 rw}", "c10:232: r w rw", 14},
	{58, "-a ; +c 10:232 rw ; -b 10:232 rw", "deny {c 10:232 rw}", "c10:232: r w rw", 14},
	{59, "-a ; +b *:* rwm ; +c 10:232 rw ; -b *:* w", "deny {b *:* rm; c 10:232 rw}", "b8:0: r m ; c10:232: r w rw", 16},
	{60, "+a ; -c 195:* rwm ; +c 10:232 rwm", "allow {c 195:* rwm}", "c195:0: none ; c10:232: r w rw m", 13},
	{61, "-a ; +c 10:* m ; +c *:232 rw", "deny {c 10:* m; c *:232 rw}", "c10:232: r w rw m ; c10:1: m ; c9:232: r w rw", 16},
	{62, "-a ; DEF", "deny {11 entries}", "c1:3: r w rw m ; c10:232: m ; c136:5: r w rw m ; b8:0: m ; c10:200: r w rw m", 49},
	{63, "-a ; -c 1:3 rwm ; DEF", "deny {11 entries}", "c1:3: r w rw m", 49},
	{64, "-a ; +c 10:232 rwm ; DEF", "deny {12 entries}", "c10:232: r w rw m ; c10:238: m", 53},
	{65, "+a ; -c 10:232 rwm ; DEF", "allow {c 10:232 rw}", "c10:232: m ; c1:3: r w rw m", 14},
	{66, "-a ; DEF ; -c 1:5 m", "hole", "", 0},
};
/* clang-format on */

const size_t devrows_n = sizeof(devrows) / sizeof(*devrows);

static const char *const def[] = {
    "+c *:* m",   "+b *:* m",   "+c 1:3 rwm", "+c 1:5 rwm",   "+c 1:7 rwm",    "+c 1:8 rwm",
    "+c 1:9 rwm", "+c 5:0 rwm", "+c 5:2 rwm", "+c 136:* rwm", "+c 10:200 rwm",
};

/* A number or "*", up to the next letter; moves *s behind it. */
static int64_t read_number(const char **s)
{
	char *end;
	int64_t n;

	if (**s == '*') {
		++*s;
		return OCI_ANY;
	}
	n = strtoll(*s, &end, 10);
	assert(end != *s);
	*s = end;
	return n;
}

static unsigned read_access(const char *s, size_t n)
{
	unsigned access = 0;

	for (size_t i = 0; i < n; i++) {
		assert(strchr("rwm", s[i]));
		access |= s[i] == 'r' ? OCI_READ : s[i] == 'w' ? OCI_WRITE : OCI_MKNOD;
	}
	return access;
}

/* "+c 10:232 rw", or "+a" for everything. */
static struct oci_device_rule read_rule(const char *s)
{
	struct oci_device_rule rule = {.allow = *s == '+',
				       .type = s[1],
				       .major = OCI_ANY,
				       .minor = OCI_ANY,
				       .access = OCI_RWM};

	s += 2;
	if (*s++ != ' ')
		return rule;
	rule.major = read_number(&s);
	assert(*s == ':');
	s++;
	rule.minor = read_number(&s);
	assert(*s == ' ');
	rule.access = read_access(s + 1, strlen(s + 1));
	return rule;
}

/* Add one item of a list: a rule, or DEF. */
static int add_item(struct device_policy *p, const char *item, struct arena *a, struct error *e)
{
	size_t n = strcmp(item, "DEF") ? 1 : sizeof(def) / sizeof(*def);

	for (size_t i = 0; i < n; i++) {
		const char *text = n == 1 ? item : def[i];
		struct oci_device_rule rule = read_rule(text);
		int r;

		r = devrules_add(p, &rule, arena_printf(a, "why %s", text), a, e);
		if (r)
			return r;
	}
	return 0;
}

int devrows_fold(struct device_policy *ret, const char *rules, struct arena *a, struct error *e)
{
	struct device_policy p = DEVICE_POLICY_DENY;
	char *list = arena_copy(a, rules, strlen(rules)), *item = list;

	while (item && *item) {
		char *next = strstr(item, " ; ");
		int r;

		if (next)
			*next = '\0';
		r = add_item(&p, item, a, e);
		if (r)
			return r;
		item = next ? next + 3 : NULL;
	}
	devrules_normalise(&p);
	*ret = p;
	return 0;
}

size_t devrows_requests(const struct devrow *row, struct devrow_request *into)
{
	static const char *const names[] = {"r", "w", "rw", "m"};
	size_t n = 0;

	for (const char *s = row->want; s && *s;
	     s = strstr(s, " ; ") ? strstr(s, " ; ") + 3 : NULL) {
		struct devrow_request q = {.type = *s};
		const char *end = strstr(s, " ; ");
		char answer[64];

		s++;
		q.major = read_number(&s);
		s++;
		q.minor = read_number(&s);
		assert(*s == ':');
		snprintf(answer, sizeof(answer), "%.*s ",
			 (int)(end ? end - s - 1 : (long)strlen(s + 1)), s + 1);
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			char name[8];

			snprintf(name, sizeof(name), " %s ", names[i]);
			q.access = read_access(names[i], strlen(names[i]));
			q.allowed = strstr(answer, name) != NULL;
			assert(n < DEVROW_REQUESTS);
			into[n++] = q;
		}
	}
	return n;
}

void devrows_state(const struct device_policy *p, struct text *out)
{
	char buf[32];

	text_puts(out, p->allow ? "allow {" : "deny {");
	for (size_t i = 0; i < p->n; i++)
		text_printf(out, "%s%s", i ? "; " : "", devrules_format(&p->entries[i], buf));
	text_puts(out, p->n ? "}" : " }");
}

bool devrows_state_is(const struct device_policy *p, const char *state)
{
	struct text t = {0};
	char counted[64];
	bool same;

	devrows_state(p, &t);
	snprintf(counted, sizeof(counted), "%s {%zu entries}", p->allow ? "allow" : "deny", p->n);
	same = !strcmp(t.s, state) || !strcmp(counted, state);
	text_free(&t);
	return same;
}
