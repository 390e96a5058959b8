/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-store - records on disk: who may, who waits, and what a failure leaves behind
 *
 * Every test has a run directory of its own below /tmp. Root also gets a tmpfs of a
 * few pages in a mount namespace of its own, to see a full disk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hook/store.h"

struct fixture {
	char top[64];
	char root[80]; /* not there yet */
	struct arena arena;
};

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	strcpy(x->top, "/tmp/vmcg-test-store.XXXXXX");
	if (!mkdtemp(x->top))
		return -1;
	snprintf(x->root, sizeof(x->root), "%s/a/b", x->top);
	*state = x;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	nftw(x->top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_free(&x->arena);
	free(x);
	return 0;
}

static const struct record sample = {
    .id = "c1", .boot = "boot", .path = "/vmcg/c1", .layout = LAYOUT_UNIFIED, .created = 7};

static struct record sample_of(const char *id)
{
	struct record r = sample;

	r.id = id;
	return r;
}

/* Open and lock, or the test is over. */
static struct store locked(const char *root, const char *id)
{
	struct store s = STORE_NONE;
	struct error e = {0};

	if (store_open(&s, root, true, &e) != 0 || store_lock(&s, id, 1000, &e) != 0)
		fail_msg("%s", e.text);
	return s;
}

static bool exists(const char *root, const char *name)
{
	char path[2048];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return lstat(path, &st) == 0;
}

static mode_t mode_of(const char *root, const char *name)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static size_t count_files(const char *root)
{
	char path[256];
	FILE *p;
	size_t n = 0;
	int c;

	/* names only, none of which has a newline here */
	snprintf(path, sizeof(path), "ls -A %s", root);
	p = popen(path, "re");
	while ((c = fgetc(p)) != EOF)
		n += c == '\n';
	pclose(p);
	return n;
}

/* --- the run directory --- */

static void test_absent(void **state)
{
	const struct fixture *x = *state;
	struct store s;

	assert_int_equal(store_open(&s, x->root, false, NULL), STORE_ABSENT);
	assert_false(exists(x->top, "a"));
	store_close(&s);
}

static void test_made_private(void **state)
{
	const struct fixture *x = *state;
	mode_t old = umask(0);
	struct store s;

	assert_int_equal(store_open(&s, x->root, true, NULL), 0);
	umask(old);
	assert_int_equal(mode_of(x->top, "a"), 0700);
	assert_int_equal(mode_of(x->top, "a/b"), 0700);
	store_close(&s);
	/* and found again */
	assert_int_equal(store_open(&s, x->root, false, NULL), 0);
	store_close(&s);
}

static void test_refused_directories(void **state)
{
	static const mode_t modes[] = {0777, 0770, 0702, 01777};
	const struct fixture *x = *state;
	struct error e = {0};
	struct store s;

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		assert_int_equal(chmod(x->top, modes[i]), 0);
		assert_int_equal(store_open(&s, x->top, true, &e), -1);
		assert_int_equal(e.kind, ERROR_HOST);
		assert_non_null(strstr(e.text, x->top));
		store_close(&s);
	}
	assert_int_equal(chmod(x->top, 0755), 0); /* others may look */
	assert_int_equal(store_open(&s, x->top, true, &e), 0);
	store_close(&s);
}

static void test_foreign_owner_needs_root(void **state)
{
	const struct fixture *x = *state;
	struct error e = {0};
	struct store s;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(x->top, 12345, 0), 0);
	assert_int_equal(store_open(&s, x->top, true, &e), -1);
	assert_non_null(strstr(e.text, "user 12345"));
	store_close(&s);
	assert_int_equal(chown(x->top, 0, 0), 0);
}

static void test_no_directory(void **state)
{
	const struct fixture *x = *state;
	struct error e = {0};
	char path[128];
	struct store s;
	int fd;

	snprintf(path, sizeof(path), "%s/file", x->top);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(store_open(&s, path, true, &e), -1);
	assert_int_equal(e.kind, ERROR_HOST);
	store_close(&s);
	strcat(path, "/below");
	assert_int_equal(store_open(&s, path, true, &e), -1);
	assert_int_equal(e.kind, ERROR_HOST);
	store_close(&s);
}

/* --- one record --- */

static void test_round_trip(void **state)
{
	struct fixture *x = *state;
	struct store s = locked(x->root, "c1");
	struct error e = {0};
	struct record got;

	assert_int_equal(store_load(&got, &s, "c1", &x->arena, &e), STORE_ABSENT);
	assert_int_equal(store_save(&s, &sample, &e), 0);
	assert_int_equal(mode_of(x->root, "c1.json"), 0600);
	assert_int_equal(store_load(&got, &s, "c1", &x->arena, &e), 0);
	assert_string_equal(got.path, "/vmcg/c1");
	assert_int_equal(got.created, 7);
	assert_int_equal(store_load(&got, &s, "c2", &x->arena, &e), STORE_ABSENT);
	assert_int_equal(count_files(x->root), 2); /* no temporary file is left */

	assert_int_equal(store_remove(&s, &e), 0);
	assert_int_equal(store_remove(&s, &e), 0); /* a missing one is fine */
	assert_int_equal(store_load(&got, &s, "c1", &x->arena, &e), STORE_ABSENT);
	store_close(&s);
}

/* Of resources with that many limits of huge pages. */
static void put_pages(struct record *r, size_t n, struct arena *a)
{
	for (size_t i = 0; i < n; i++) {
		ARENA_APPEND(a, r->resources.hugepages, r->resources.n_hugepages)->page_size =
		    "2MB";
		ARENA_APPEND(a, r->steps, r->n_steps)->step =
		    (struct plan_step){.op = PLAN_WRITE,
				       .controller = "hugetlb",
				       .path = "/vmcg/c1",
				       .file = "hugetlb.2MB.max",
				       .value = "0",
				       .why = "/linux/resources/hugepageLimits/0"};
	}
	r->has_resources = true;
}

/* What could not be read again is refused: as input while nothing is done, and with room for what
 * the steps will add. */
static void test_too_long(void **state)
{
	static const struct {
		size_t n;
		enum record_status status;
		enum error_kind want; /* ERROR_NONE: saved, and read again */
	} rows[] = {
	    {10000, RECORD_INTENT, ERROR_NONE},    {10000, RECORD_APPLIED, ERROR_NONE},
	    {15000, RECORD_INTENT, ERROR_INPUT},   {15000, RECORD_APPLIED, ERROR_NONE},
	    {30000, RECORD_APPLIED, ERROR_FAILED}, {30000, RECORD_INTENT, ERROR_INPUT},
	};
	struct fixture *x = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct store s = locked(x->root, "c1");
		struct record r = sample, got;
		struct error e = {0};
		int saved;

		r.status = rows[i].status;
		put_pages(&r, rows[i].n, &x->arena);
		saved = store_save(&s, &r, &e);
		if (saved != (rows[i].want == ERROR_NONE ? 0 : -1) || e.kind != rows[i].want)
			fail_msg("row %zu: %d %s", i, saved, e.text);
		assert_int_equal(store_load(&got, &s, "c1", &x->arena, &e),
				 saved < 0 ? STORE_ABSENT : 0);
		if (saved < 0)
			assert_non_null(strstr(e.text, "fewer entries"));
		assert_int_equal(store_remove(&s, &e), 0);
		store_close(&s);
	}
}

/* The lock's file stays with a record and goes without one. */
static void test_lock_file(void **state)
{
	const struct fixture *x = *state;
	struct store s = locked(x->root, "c1");

	assert_true(exists(x->root, "c1.lock"));
	assert_int_equal(mode_of(x->root, "c1.lock"), 0600);
	assert_int_equal(store_save(&s, &sample, NULL), 0);
	store_close(&s);
	assert_true(exists(x->root, "c1.lock"));
	assert_int_equal(s.lock, -1);
	assert_int_equal(s.dir, -1);
	s = locked(x->root, "c1");
	assert_int_equal(store_remove(&s, NULL), 0);
	store_close(&s);
	assert_int_equal(count_files(x->root), 0);
}

static void test_damaged(void **state)
{
	struct fixture *x = *state;
	struct store s = locked(x->root, "c1");
	struct error e = {0};
	struct record got;
	int fd;

	fd = openat(s.dir, "c1.json", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "{\"vmcg\"", 7), 7);
	close(fd);
	assert_int_equal(store_load(&got, &s, "c1", &x->arena, &e), -1);
	assert_int_equal(e.kind, ERROR_HOST);
	assert_non_null(strstr(e.text, "a/b/c1.json"));
	store_close(&s);
}

/* A record under another's name would undo the wrong container. */
static void test_renamed(void **state)
{
	struct fixture *x = *state;
	struct store s = locked(x->root, "c1");
	struct error e = {0};
	struct record got;

	assert_int_equal(store_save(&s, &sample, NULL), 0);
	assert_int_equal(renameat(s.dir, "c1.json", s.dir, "c2.json"), 0);
	assert_int_equal(store_load(&got, &s, "c2", &x->arena, &e), -1);
	assert_int_equal(e.kind, ERROR_HOST);
	assert_non_null(strstr(e.text, "\"c1\""));
	store_close(&s);
}

/* Neither the record nor its temporary file is followed to somewhere else. */
static void test_links(void **state)
{
	struct fixture *x = *state;
	struct store s = locked(x->root, "c1");
	struct error e = {0};
	struct record got;
	char victim[128];

	snprintf(victim, sizeof(victim), "%s/victim", x->top);
	assert_int_equal(symlinkat(victim, s.dir, "c1.json"), 0);
	assert_int_equal(store_load(&got, &s, "c1", &x->arena, &e), -1);
	assert_int_equal(e.os, ELOOP);
	assert_int_equal(store_save(&s, &sample, &e), 0); /* replaces the link itself */
	assert_false(exists(x->top, "victim"));
	assert_int_equal(symlinkat(victim, s.dir, "c1.json.new"), 0);
	assert_int_equal(store_save(&s, &sample, &e), -1);
	assert_int_equal(e.kind, ERROR_FAILED);
	assert_false(exists(x->top, "victim"));
	assert_int_equal(store_load(&got, &s, "c1", &x->arena, &e), 0); /* the old one */
	store_close(&s);
}

static void test_stale_temporary(void **state)
{
	struct fixture *x = *state;
	struct store s = locked(x->root, "c1");
	struct record got;
	char junk[9000];
	int fd;

	/* of a kill -9 in the middle of writing: longer than the record */
	memset(junk, 'x', sizeof(junk));
	fd = openat(s.dir, "c1.json.new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, junk, sizeof(junk)), (ssize_t)sizeof(junk));
	close(fd);
	assert_int_equal(store_save(&s, &sample, NULL), 0);
	assert_int_equal(store_load(&got, &s, "c1", &x->arena, NULL), 0);
	assert_false(exists(x->root, "c1.json.new"));
	store_close(&s);
}

static char *long_id(struct arena *a, size_t n)
{
	char *id = arena_alloc(a, n + 1);

	memset(id, 'x', n);
	return id;
}

static void test_long_ids(void **state)
{
	struct fixture *x = *state;
	struct error e = {0};
	struct record r, got;
	struct store s;
	const char *id;

	/* with ".json.new" just a name */
	id = long_id(&x->arena, 255 - strlen(".json.new"));
	s = locked(x->root, id);
	r = sample_of(id);
	assert_int_equal(store_save(&s, &r, &e), 0);
	assert_int_equal(store_load(&got, &s, id, &x->arena, &e), 0);
	assert_int_equal(store_remove(&s, &e), 0);
	store_close(&s);
	assert_int_equal(count_files(x->root), 0);

	/* one more is too many, and so is the longest that the OCI runtimes take: nobody has such a
	 * record, so a teardown has nothing to do; no file is made, nothing fails half way */
	id = long_id(&x->arena, 256 - strlen(".json.new"));
	assert_int_equal(store_open(&s, x->root, true, &e), 0);
	assert_int_equal(store_lock(&s, id, 0, &e), STORE_ABSENT);
	store_close(&s);
	id = long_id(&x->arena, 1024);
	assert_int_equal(store_open(&s, x->root, true, &e), 0);
	assert_int_equal(store_load(&got, &s, id, &x->arena, &e), STORE_ABSENT);
	assert_int_equal(store_lock(&s, id, 0, &e), STORE_ABSENT);
	store_close(&s);
	assert_int_equal(count_files(x->root), 0);
}

static void test_list(void **state)
{
	static const char *const ids[] = {"c2", "c1", "a.json", "z"};
	struct fixture *x = *state;
	struct store s;
	const char **got;
	size_t n;

	for (size_t i = 0; i < 4; i++) {
		const struct record r = sample_of(ids[i]);

		s = locked(x->root, ids[i]);
		assert_int_equal(store_save(&s, &r, NULL), 0);
		store_close(&s);
	}
	s = locked(x->root, "only-a-lock");
	assert_int_equal(store_list(&got, &n, &s, &x->arena, NULL), 0);
	assert_int_equal(n, 4);
	assert_string_equal(got[0], "a.json");
	assert_string_equal(got[1], "c1");
	assert_string_equal(got[2], "c2");
	assert_string_equal(got[3], "z");
	/* twice from the same descriptor */
	assert_int_equal(store_list(&got, &n, &s, &x->arena, NULL), 0);
	assert_int_equal(n, 4);
	store_close(&s);
}

/* --- two processes --- */

/* A child that takes the lock, says so, and holds it until it is told to end. */
static pid_t hold_in_child(const char *root, const char *id, int *ret_tell)
{
	int said[2], told[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe2(said, O_CLOEXEC) | pipe2(told, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct store s = STORE_NONE;
		bool ok = store_open(&s, root, true, NULL) == 0 &&
			  store_lock(&s, id, 1000, NULL) == 0 && write(said[1], "x", 1) == 1;

		close(told[1]);
		ok = ok && read(told[0], &c, 1) == 0;
		store_close(&s);
		_exit(ok ? 0 : 1);
	}
	close(said[1]);
	close(told[0]);
	assert_int_equal(read(said[0], &c, 1), 1);
	close(said[0]);
	*ret_tell = told[1];
	return pid;
}

static void end_child(pid_t pid, int tell)
{
	int status = -1;

	close(tell);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_one_at_a_time(void **state)
{
	const struct fixture *x = *state;
	struct error e = {0};
	struct store s;
	int tell;
	pid_t pid = hold_in_child(x->root, "c1", &tell);

	assert_int_equal(store_open(&s, x->root, false, &e), 0);
	assert_int_equal(store_lock(&s, "c1", 20, &e), -1);
	assert_int_equal(e.kind, ERROR_HOST);
	assert_non_null(strstr(e.text, "another vmcg"));
	assert_non_null(strstr(e.text, "c1"));
	store_close(&s);
	assert_true(exists(x->root, "c1.lock")); /* not ours to remove */
	/* another id does not wait */
	s = locked(x->root, "c2");
	store_close(&s);
	end_child(pid, tell);
	s = locked(x->root, "c1");
	store_close(&s);
}

static void test_waits(void **state)
{
	const struct fixture *x = *state;
	struct error e = {0};
	struct store s;
	int tell, status;
	pid_t holder = hold_in_child(x->root, "c1", &tell), ender;

	ender = fork();
	if (ender == 0) {
		nanosleep(&(struct timespec){.tv_nsec = 100 * 1000000L}, NULL);
		_exit(0); /* with its copy of the pipe */
	}
	close(tell);
	assert_int_equal(store_open(&s, x->root, false, &e), 0);
	assert_int_equal(store_lock(&s, "c1", 0, &e), STORE_BUSY);
	assert_int_equal(store_lock(&s, "c1", 10000, &e), 0);
	assert_int_equal(waitpid(ender, &status, 0), ender);
	assert_int_equal(waitpid(holder, &status, 0), holder);
	assert_int_equal(status, 0);
	store_close(&s);
}

/* Who does not wait is told so, without a word of error; looking changes nothing. */
static void test_busy(void **state)
{
	const struct fixture *x = *state;
	struct error e = {.kind = ERROR_NONE};
	struct store s;
	int tell;
	pid_t pid = hold_in_child(x->root, "c1", &tell);

	assert_int_equal(store_open(&s, x->root, false, &e), 0);
	assert_true(store_is_busy(&s, "c1"));
	assert_false(store_is_busy(&s, "c2"));
	assert_false(exists(x->root, "c2.lock"));
	assert_int_equal(store_lock(&s, "c1", 0, &e), STORE_BUSY);
	assert_int_equal(e.kind, ERROR_NONE);
	store_close(&s);
	assert_true(exists(x->root, "c1.lock")); /* not ours to remove */
	end_child(pid, tell);
	/* A lock's file that nobody holds is no work. */
	s = locked(x->root, "c1");
	assert_int_equal(store_save(&s, &sample, NULL), 0);
	store_close(&s);
	assert_int_equal(store_open(&s, x->root, false, &e), 0);
	assert_true(exists(x->root, "c1.lock"));
	assert_false(store_is_busy(&s, "c1"));
	assert_int_equal(store_lock(&s, "c1", 0, &e), 0);
	store_close(&s);
}

static void touch(const struct store *s, const char *name)
{
	int fd = openat(s->dir, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void test_leftovers(void **state)
{
	static const char *const files[] = {"b.lock", "a.json.new", "a.note",
					    "a.lock", "c1.note",    "c1.json.new",
					    "other",  ".lock",      "d.json.json.new"};
	static const char *const want[] = {"a", "b", "d.json"};
	struct fixture *x = *state;
	struct store s = locked(x->root, "c1");
	const char **got;
	size_t n;

	assert_int_equal(store_save(&s, &sample, NULL), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		touch(&s, files[i]);
	assert_int_equal(store_leftovers(&got, &n, &s, &x->arena, NULL), 0);
	assert_int_equal(n, 3); /* c1 has a record */
	for (size_t i = 0; i < n; i++)
		assert_string_equal(got[i], want[i]);
	/* what was half written goes, the record stays */
	store_sweep(&s);
	assert_false(exists(x->root, "c1.json.new"));
	assert_false(exists(x->root, "c1.note"));
	assert_true(exists(x->root, "a.json.new"));
	store_close(&s);
	for (size_t i = 0; i < n; i++) {
		s = locked(x->root, want[i]);
		store_sweep(&s);
		store_close(&s);
	}
	assert_int_equal(count_files(x->root), 4); /* c1.json, c1.lock, other, .lock */
	assert_true(exists(x->root, "c1.json"));
}

/* Many processes count in one file, each under the lock, which is removed each time. */
static void test_the_name_may_go(void **state)
{
	enum { WORKERS = 4, ROUNDS = 50 };
	const struct fixture *x = *state;
	char file[128], text[32] = "";
	int fd, status;

	snprintf(file, sizeof(file), "%s/count", x->top);
	for (int i = 0; i < WORKERS; i++) {
		if (fork())
			continue;
		for (int k = 0; k < ROUNDS; k++) {
			struct store s = STORE_NONE;
			char seen[32] = "0";

			if (store_open(&s, x->root, true, NULL) ||
			    store_lock(&s, "c1", 60000, NULL))
				_exit(1);
			fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
			if (pread(fd, seen, sizeof(seen) - 1, 0) < 0)
				_exit(1);
			snprintf(seen, sizeof(seen), "%ld", strtol(seen, NULL, 10) + 1);
			if (pwrite(fd, seen, strlen(seen), 0) < 0)
				_exit(1);
			close(fd);
			store_close(&s);
		}
		_exit(0);
	}
	for (int i = 0; i < WORKERS; i++)
		assert_true(wait(&status) > 0 && status == 0);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_int_equal(strtol(text, NULL, 10), WORKERS * ROUNDS);
	assert_int_equal(count_files(x->root), 0);
}

/*
 * In place of the C library's: before a lock is taken for the first time the file
 * loses its name, as when its holder removes it between our open and our lock.
 */
static const char *vanishing;

int flock(int fd, int operation)
{
	if (vanishing) {
		assert_int_equal(unlink(vanishing), 0);
		vanishing = NULL;
	}
	return (int)syscall(SYS_flock, fd, operation);
}

static void test_lock_without_a_name(void **state)
{
	const struct fixture *x = *state;
	struct stat locked_one, named;
	struct store s;
	char path[128];

	snprintf(path, sizeof(path), "%s/c1.lock", x->root);
	vanishing = path;
	s = locked(x->root, "c1");
	assert_null(vanishing);
	/* who comes next opens the same file */
	assert_int_equal(fstat(s.lock, &locked_one), 0);
	assert_int_equal(stat(path, &named), 0);
	assert_true(locked_one.st_ino == named.st_ino);
	store_close(&s);
}

/* --- a full disk --- */

/* In a mount namespace of its own: fill a small tmpfs, then save over a good record. */
static int save_when_full(const char *top)
{
	static char value[200000];
	struct record_step step = {
	    .step = {PHASE_LIMITS, PLAN_WRITE, "memory", "/vm", "f", value, "/r"}};
	struct record big = sample, got;
	struct arena a = {0};
	struct error e = {0};
	struct store s;
	char root[128];

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("vmcg-test", top, "tmpfs", 0, "size=65536,mode=0700") < 0)
		return 77;
	snprintf(root, sizeof(root), "%s/r", top);
	if (store_open(&s, root, true, &e) || store_lock(&s, "c1", 0, &e) ||
	    store_save(&s, &sample, &e))
		return 1;
	if (s.synced)
		return 2; /* a tmpfs needs no fsync */
	memset(value, 'x', sizeof(value) - 1);
	big.steps = &step;
	big.n_steps = 1;
	if (store_save(&s, &big, &e) != -1 || e.kind != ERROR_FAILED || e.os != ENOSPC)
		return 3;
	if (exists(root, "c1.json.new"))
		return 4;
	if (store_load(&got, &s, "c1", &a, &e) != 0 || got.n_steps != 0)
		return 5;
	store_close(&s);
	arena_free(&a);
	return 0;
}

static void test_full_disk_needs_root(void **state)
{
	const struct fixture *x = *state;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	pid = fork();
	if (pid == 0)
		_exit(save_when_full(x->top));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_DIRECTORY(test_absent),
	    WITH_DIRECTORY(test_made_private),
	    WITH_DIRECTORY(test_refused_directories),
	    WITH_DIRECTORY(test_foreign_owner_needs_root),
	    WITH_DIRECTORY(test_no_directory),
	    WITH_DIRECTORY(test_round_trip),
	    WITH_DIRECTORY(test_too_long),
	    WITH_DIRECTORY(test_lock_file),
	    WITH_DIRECTORY(test_damaged),
	    WITH_DIRECTORY(test_renamed),
	    WITH_DIRECTORY(test_links),
	    WITH_DIRECTORY(test_stale_temporary),
	    WITH_DIRECTORY(test_long_ids),
	    WITH_DIRECTORY(test_list),
	    WITH_DIRECTORY(test_one_at_a_time),
	    WITH_DIRECTORY(test_waits),
	    WITH_DIRECTORY(test_busy),
	    WITH_DIRECTORY(test_leftovers),
	    WITH_DIRECTORY(test_the_name_may_go),
	    WITH_DIRECTORY(test_lock_without_a_name),
	    WITH_DIRECTORY(test_full_disk_needs_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
