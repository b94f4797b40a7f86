use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::behaviour::{pod, policy};
use super::stream;

/// What the command said.
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    stderr: String,
}

/// Runs `psp2psa admit -f -` with these objects on standard input.
pub(super) fn run(objects: &[Value], arguments: &[&str]) -> Ran {
    run_on(&stream(objects).bytes, arguments)
}

fn run_on(input: &[u8], arguments: &[&str]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_psp2psa"))
        .args(["admit", "-f", "-"])
        .args(arguments)
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A command that refuses its arguments does not read.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("the command ends");
    writer.join().expect("the input is written");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

pub(super) fn plain() -> Value {
    policy("plain", json!({}))
}

pub(super) fn writing() -> Value {
    policy("writing", json!({ "requiredDropCapabilities": ["ALL"] }))
}

/// A pod that [`plain`] and [`writing`] refuse.
pub(super) fn refused() -> Value {
    let mut pod = pod("shop", "refused");
    pod["spec"]["hostPID"] = json!(true);
    pod
}

#[test]
fn the_exit_code_says_refused_then_unreadable() {
    let assumed = ["--assume-authorized"];
    let good = [plain(), pod("shop", "p")];
    assert_eq!(run(&good, &assumed).code, Some(0));
    assert_eq!(run(&good, &[]).code, Some(1), "nobody may use the policy");
    assert_eq!(run(&[plain(), refused()], &assumed).code, Some(1));
    assert_eq!(
        run(&[], &assumed).code,
        Some(0),
        "no usable object is an empty report"
    );

    let broken = |objects: &[Value]| [stream(objects).bytes, b"\n---\nkind: [".to_vec()].concat();
    assert_eq!(run_on(&broken(&good), &assumed).code, Some(3));
    assert_eq!(
        run_on(&broken(&[plain(), refused()]), &assumed).code,
        Some(1)
    );
}

#[test]
fn arguments_that_contradict_each_other_are_an_error_of_use() {
    for arguments in [
        &["--diff", "-o", "json"][..],
        &["--diff", "-o", "wide"],
        &["--as-group", "g"],
        &["--assume-authorized", "--as", "u"],
        &["--assume-authorized", "--as", "u", "--as-group", "g"],
        &["-o", "html"],
    ] {
        let ran = run(&[plain(), refused()], arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}");
        assert!(
            ran.stdout.is_empty() && ran.stderr.starts_with("error:"),
            "{arguments:?}"
        );
    }
    let ran = run(
        &[plain(), pod("shop", "p")],
        &["--assume-authorized", "--diff", "-o", "table"],
    );
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
}

#[test]
fn who_creates_bare_pods_can_be_named() {
    let api = "rbac.authorization.k8s.io/v1";
    let rule =
        json!({ "apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "verbs": ["use"] });
    let objects = [
        plain(),
        json!({ "apiVersion": api, "kind": "ClusterRole", "metadata": { "name": "r" }, "rules": [rule] }),
        json!({
            "apiVersion": api, "kind": "ClusterRoleBinding", "metadata": { "name": "b" },
            "roleRef": { "kind": "ClusterRole", "name": "r" }, "subjects": [{ "kind": "Group", "name": "team" }],
        }),
        pod("shop", "p"),
    ];
    assert_eq!(run(&objects, &["--as", "alice"]).code, Some(1));
    let team = ["--as", "alice", "--as-group", "other", "--as-group", "team"];
    let ran = run(&objects, &[&team[..], &["-o", "wide"]].concat());
    assert_eq!(ran.code, Some(0));
    let via = "ClusterRoleBinding \"b\" of ClusterRole \"r\" to Group \"team\"";
    assert!(ran.stdout.contains(via), "{}", ran.stdout);
}

/// Pods with everything that a name, a value or a key can do to YAML and to a terminal.
pub(super) fn hostile_pods() -> Vec<Value> {
    let texts = [
        "\u{1b}[31mred\u{1b}[0m",
        "a\u{202e}b",
        "line\nbreak",
        "---",
        "...",
        "# no comment",
        "yes",
        "0x10",
        "1e3",
        "~",
        "null",
        " lead",
        "trail ",
        "- x",
        "k: v",
        "\u{85}\u{2028}\u{feff}",
        "{a: b}",
        "%TAG",
        "&a *b",
        "!tag",
        "",
        "\t",
        "'",
        "\"",
        "2020-01-01",
        "\u{0}",
        "|",
        ">-",
        "a\r\nb\n\n",
    ];
    let pods = texts.iter().map(|text| {
        let mut pod = pod("shop", text);
        pod["metadata"]["annotations"] = json!({ (*text): text });
        pod["spec"]["containers"][0]["args"] =
            json!([text, text, 1.5, 9_007_199_254_740_993_i64, null]);
        pod
    });
    pods.collect()
}

#[test]
fn the_diff_shows_what_policies_change_and_nothing_else() {
    let mut hardened = pod("shop", "hardened");
    hardened["spec"]["containers"][0]["securityContext"] =
        json!({ "capabilities": { "drop": ["ALL"] } });
    let objects = [writing(), pod("shop", "web"), hardened, refused()];
    let ran = run(&objects, &["--assume-authorized", "--diff"]);
    insta::assert_snapshot!(ran.stdout, @r"
    --- a/shop/Pod/web.yaml
    +++ b/shop/Pod/web.yaml
    @@ -1,10 +1,16 @@
     apiVersion: v1
     kind: Pod
     metadata:
    +  annotations:
    +    kubernetes.io/psp: writing
       name: web
       namespace: shop
     spec:
       containers:
       - image: i
         name: c
    +    securityContext:
    +      capabilities:
    +        drop:
    +        - ALL
       securityContext: {}
    ");
    assert_eq!(ran.code, Some(1));
    let colored = run(
        &objects,
        &["--assume-authorized", "--diff", "--color", "always"],
    );
    assert!(colored.stdout.contains("\u{1b}[32m+"), "{}", colored.stdout);
    assert_eq!(
        anstream::adapter::strip_str(&colored.stdout).to_string(),
        ran.stdout
    );
}

#[test]
fn names_of_the_input_cannot_speak_to_the_terminal() {
    let mut objects = vec![writing()];
    objects.extend(hostile_pods());
    objects.push(policy("\u{1b}[31m", json!({})));
    for arguments in [
        &["--diff"][..],
        &["-o", "table"],
        &["-o", "wide"],
        &["-o", "name"],
        &["-o", "markdown"],
    ] {
        for more in [&["--assume-authorized"][..], &["--as", "x"]] {
            let ran = run(&objects, &[arguments, more].concat());
            let hidden = |text: &str| {
                let mut chars = text.chars();
                chars.find(|c| *c != '\n' && psp2psa::render::text::is_invisible(*c))
            };
            assert_eq!(hidden(&ran.stdout), None, "{arguments:?}");
            assert_eq!(hidden(&ran.stderr), None, "{arguments:?}");
        }
    }
}

#[test]
fn people_get_tables_and_names() {
    let user = json!({ "rule": "MustRunAs", "ranges": [{ "min": 7, "max": 9 }] });
    let strict = policy(
        "strict",
        json!({ "runAsUser": user, "requiredDropCapabilities": ["ALL"] }),
    );
    let mut as_it_is = pod("shop", "as-it-is");
    as_it_is["spec"]["containers"][0]["securityContext"] =
        json!({ "runAsUser": 8, "capabilities": { "drop": ["ALL"] } });
    let objects = [strict, pod("shop", "web"), as_it_is, refused()];
    let assumed = |output: &str| run(&objects, &["--assume-authorized", "-o", output]).stdout;
    insta::assert_snapshot!(assumed("table"), @r"
    NAMESPACE  WORKLOAD      OK   POLICY  WRITES, OR WHY NOT
    shop       Pod/web       yes  strict  capabilities.drop, runAsUser
    shop       Pod/as-it-is  yes  strict  nothing
    shop       Pod/refused   no   -       strict: spec.securityContext.hostPID: Inv…

    1 of 3 workloads is refused, and 1 is changed by the policy that admits it
    ");
    assert!(
        assumed("table")
            .lines()
            .all(|line| line.chars().count() <= 80)
    );
    insta::assert_snapshot!(assumed("wide"), @r"
    NAMESPACE  WORKLOAD      OK   POLICY  VIA      WRITES, OR WHY NOT
    shop       Pod/web       yes  strict  assumed  spec.containers[0].securityContext.runAsUser, spec.containers[0].securityContext.capabilities.drop
    shop       Pod/as-it-is  yes  strict  assumed  nothing
    shop       Pod/refused   no   -       -        strict: spec.securityContext.hostPID: Invalid value: true: Host PID is not allowed to be used

    1 of 3 workloads is refused, and 1 is changed by the policy that admits it
    ");
    insta::assert_snapshot!(assumed("markdown"), @r"
    | Namespace | Workload | Admitted | Policy | Writes, or why not |
    | --- | --- | --- | --- | --- |
    | shop | Pod/web | yes | strict | spec.containers[0].securityContext.runAsUser, spec.containers[0].securityContext.capabilities.drop |
    | shop | Pod/as-it-is | yes | strict | nothing |
    | shop | Pod/refused | no |  | strict: spec.securityContext.hostPID: Invalid value: true: Host PID is not allowed to be used |
    ");
    insta::assert_snapshot!(assumed("yaml"), @r"
    ---
    # Pod shop/web at -:2:2
    apiVersion: v1
    kind: Pod
    metadata:
      annotations:
        kubernetes.io/psp: strict
      name: web
      namespace: shop
    spec:
      containers:
      - image: i
        name: c
        securityContext:
          capabilities:
            drop:
            - ALL
          runAsUser: 7
      securityContext: {}
    ---
    # Pod shop/as-it-is at -:3:2
    apiVersion: v1
    kind: Pod
    metadata:
      annotations:
        kubernetes.io/psp: strict
      name: as-it-is
      namespace: shop
    spec:
      containers:
      - image: i
        name: c
        securityContext:
          capabilities:
            drop:
            - ALL
          runAsUser: 8
      securityContext: {}
    # Pod shop/refused at -:4:2 is refused: strict: spec.securityContext.hostPID: Invalid value: true: Host PID is not allowed to be used
    ");
    assert_eq!(assumed("name"), "pod/refused\n");
    insta::assert_snapshot!(run(&objects, &[]).stdout, @r"
    NAMESPACE  WORKLOAD      OK  POLICY  WRITES, OR WHY NOT
    shop       Pod/web       no  -       may use no policy
    shop       Pod/as-it-is  no  -       may use no policy
    shop       Pod/refused   no  -       may use no policy

    3 of 3 workloads are refused, and 0 are changed by the policy that admits them
    ");
}
