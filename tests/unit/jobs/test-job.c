/* What a job is called, how it is shown, which right it takes. */
#include "../test.h"

#include "jobs/job.h"

static void titles(void **state)
{
    (void)state;
    static const struct {
        enum command_verb verb;
        const char *target, *title;
    } cases[] = {
        {COMMAND_CONTAINER_RESTART, "docker/plex", "Restart plex on tower"},
        {COMMAND_UNIT_STOP, "systemd/nginx.service", "Stop nginx on tower"},
        {COMMAND_UNIT_START, "systemd/backup.timer", "Start backup.timer on tower"},
        {COMMAND_PROJECT_DOWN, "docker/media", "Take down project media on tower"},
        {COMMAND_PROCESS_SIGNAL, "4711:998877", "Signal process 4711 on tower"},
        {COMMAND_MACHINE_REBOOT, "", "Reboot tower"},
        {COMMAND_DOCKER_PRUNE, "", "Clean up tower"},
        {COMMAND_DOCKER_PRUNE, "podman", "Clean up podman on tower"},
        {COMMAND_CONTAINER_TRUNCATE_LOG, "docker/plex", "Empty the log of plex on tower"},
        {COMMAND_JOURNAL_VACUUM, "", "Shorten the journal of tower"},
        {COMMAND_MOUNT_REMOUNT, "/mnt/a:b.service", "Remount /mnt/a:b.service on tower"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct job j = {
            .verb = cases[i].verb, .node = (char *)"tower", .target = (char *)cases[i].target};
        AUTO(mem_freep) char *title = job_title(&j);
        assert_string_equal(title, cases[i].title);
    }
    struct job many = {.verb = COMMAND_UNIT_RESTART, .node = (char *)"", .target = (char *)""};
    str_list_add(&many.children, "a");
    str_list_add(&many.children, "b");
    AUTO(mem_freep) char *title = job_title(&many);
    assert_string_equal(title, "Restart 2 services");
    str_list_done(&many.children);
}

static void output_only_for_those_who_may(void **state)
{
    (void)state;
    struct job j = {.id = "0a",
                    .verb = COMMAND_UNIT_RESTART,
                    .node = (char *)"tower",
                    .target = (char *)"systemd/x",
                    .output = (char *)"secret line"};
    for (int with = 0; with < 2; with++) {
        struct str out = {0};
        struct jw w = jw_begin(&out);
        job_print(&w, &j, with);
        assert_int_equal(strstr(str_text(&out), "secret line") != NULL, with);
        assert_non_null(strstr(str_text(&out), "\"service\":null"));
        assert_non_null(strstr(str_text(&out), "\"ended\":null"));
        str_done(&out);
    }
}

static void states_have_names(void **state)
{
    (void)state;
    for (enum job_state s = JOB_WAITING; s <= JOB_LOST; s++) {
        enum job_state back;
        assert_int_equal(job_state_parse(job_state_name(s), &back), 0);
        assert_int_equal(back, s);
    }
    enum job_state s;
    assert_int_equal(job_state_parse("odd", &s), -ENOENT);
}

static void rights_by_verb(void **state)
{
    (void)state;
    for (enum command_verb v = 0; v < COMMAND_COUNT; v++) {
        const char *name = command_verb_name(v);
        enum permission p = verb_permission(v);
        bool update = v == COMMAND_UNIT_MASK || v == COMMAND_UNIT_UNMASK ||
                      v == COMMAND_CONTAINER_RENAME || v == COMMAND_CONTAINER_REMOVE ||
                      v == COMMAND_CONTAINER_UPDATE || v == COMMAND_CONTAINER_CONNECT ||
                      v == COMMAND_CONTAINER_DISCONNECT || v == COMMAND_DOCKER_PRUNE ||
                      v == COMMAND_CONTAINER_TRUNCATE_LOG || v == COMMAND_JOURNAL_VACUUM ||
                      verb_is_project(v);
        enum permission want = str_starts(name, "machine.")      ? PERM_NODE_REBOOT
                               : str_starts(name, "generation.") ? PERM_GENERATION_SWITCH
                               : str_starts(name, "agent.")      ? PERM_NODES_WRITE
                               : str_starts(name, "process.")    ? PERM_PROCESS_SIGNAL
                               : update                          ? PERM_SERVICE_UPDATE
                                                                 : PERM_SERVICE_RESTART;
        if (p != want)
            fail_msg("%s: %s", name, permission_name(p));
        assert_int_equal(verb_is_machine(v),
                         str_starts(name, "machine.") || str_starts(name, "agent."));
        assert_int_equal(verb_is_project(v), str_starts(name, "project."));
        assert_true(*verb_label(v));
    }
}

static void the_right_to_a_project_is_one_on_its_node(void **state)
{
    (void)state;
    struct job j = {.verb = COMMAND_CONTAINER_STOP,
                    .node = (char *)"tower",
                    .service = (char *)"tower/docker/plex"};
    assert_string_equal(job_resource(&j), "tower/docker/plex");
    j.verb = COMMAND_PROJECT_DOWN;
    assert_string_equal(job_resource(&j), "tower");
    j = (struct job){.verb = COMMAND_MACHINE_REBOOT, .node = (char *)"tower"};
    assert_string_equal(job_resource(&j), "tower");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(titles),
        cmocka_unit_test(output_only_for_those_who_may),
        cmocka_unit_test(states_have_names),
        cmocka_unit_test(rights_by_verb),
        cmocka_unit_test(the_right_to_a_project_is_one_on_its_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
