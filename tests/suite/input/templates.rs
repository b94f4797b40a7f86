use psp2psa::input;

use super::{file, messages, places};

/// Kind, name and namespace hints of unreadable documents, and what is said.
fn read(text: &str) -> (Vec<String>, Vec<String>) {
    let file = file(text);
    let reading = input::documents(&file);
    let hint = |hint: &Option<String>| hint.clone().unwrap_or_else(|| "?".to_owned());
    let unreadable = reading
        .unreadable
        .iter()
        .map(|unreadable| {
            format!(
                "{} {} {} {} {}",
                unreadable.source.line,
                unreadable.code.name,
                hint(&unreadable.kind_hint),
                hint(&unreadable.namespace_hint),
                hint(&unreadable.name_hint)
            )
        })
        .collect();
    (unreadable, messages(&reading.diagnostics))
}

#[test]
fn helm_templates_are_recognised_and_guessed() {
    let chart = concat!(
        "{{- if .Values.create }}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: plain\n",
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ include \"x\" . }}\n  namespace: shop\n",
        "  labels:\n    {{- include \"labels\" . | nindent 4 }}\nspec:\n  replicas: {{ .Values.replicas }}\n---\n",
        "{{- end }}\n",
    );
    let (unreadable, messages) = read(chart);
    assert_eq!(unreadable, ["8 input/template Deployment shop ?"]);
    assert_eq!(
        messages,
        ["11:9 input/template an unrendered Helm template: `{{ include \"x\" . }}`"]
    );
    let file = file(chart);
    assert_eq!(places(&input::documents(&file)), ["ServiceAccount #1 3:1"]);
}

#[test]
fn every_engine_is_named() {
    for (text, expected) in [
        (
            "kind: A\nx: {{ .Values.x }}\n",
            "2:4 input/template an unrendered Helm template: `{{ .Values.x }}`",
        ),
        (
            "{{ toYaml .Values.x }}\n",
            "1:1 input/template an unrendered Helm template: `{{ toYaml .Values.x }}`",
        ),
        (
            "kind: A\nx: {{ pillar }}\n",
            "2:4 input/template an unrendered template: `{{ pillar }}`",
        ),
        (
            "kind: A\n{% if x %}\ny: 1\n{% endif %}\n",
            "2:1 input/template an unrendered Jinja template: `{% if x %}`",
        ),
        (
            "#@ load(\"@ytt:data\", \"data\")\n---\nkind: A\n",
            "1:1 input/template an unrendered ytt template",
        ),
        (
            "kind: A\nmetadata:\n  name: #@ data.values.name\n",
            "3:1 input/template an unrendered ytt template",
        ),
        (
            "#@data/values\n---\nkind: A\n",
            "1:1 input/template an unrendered ytt template",
        ),
        (
            "kind: A\nmetadata:\n  name: \"{{ .Release.Name }}-x\"\n",
            "3:9 input/template an unrendered Helm template: `{{ .Release.Name }}`",
        ),
        (
            "kind: A\nmetadata:\n  namespace: '{{ ns }}'\n",
            "3:14 input/template an unrendered template: `{{ ns }}`",
        ),
        (
            "kind: '{{ .Values.kind }}'\n",
            "1:7 input/template an unrendered Helm template: `{{ .Values.kind }}`",
        ),
    ] {
        assert_eq!(read(text).1, [expected], "{text}");
        assert_eq!(read(text).0.len(), 1, "{text}");
    }
}

#[test]
fn markers_within_values_do_not_make_a_template() {
    for text in [
        "kind: A\nsummary: \"{{ $labels.x }} is down\"\n",
        "kind: A\nmetadata:\n  annotations:\n    x: 'a {{ b }}'\n",
        "kind: A\nx: |\n  {{ .Values.x }}\n  #@ load\n",
        "kind: A # {{ not me }}\n",
        "kind: A\nx: a #@b\n",
        "kind: A\nx: \"a #@ b\"\n",
        "kind: A\nx: -f={{ y }}\n",
    ] {
        assert_eq!(read(text), (vec![], vec![]), "{text}");
    }
}

#[test]
fn a_mistake_beside_harmless_markers_is_a_mistake() {
    let (unreadable, messages) =
        read("kind: A\nsummary: \"{{ $labels.x }}\"\nmetadata:\n  name: x\nname: @y\n");
    assert_eq!(unreadable, ["1 input/syntax A ? x"]);
    assert_eq!(messages, ["5:7 input/syntax a value cannot begin with '@'"]);
    let (_, messages) = read("{\"kind\": \"A\", \"x\": \"{{ y }}\", \"z\": @}");
    assert_eq!(messages, ["1:36 input/syntax expected value"]);
}

#[test]
fn control_lines_alone_are_no_document() {
    for text in [
        "{{- if .Values.x }}\n",
        "---\n{{ end }}\n",
        "# c\n{{- end -}}\n{{ end }}\n",
        "{{/*\nCopyright: {{ nobody }}\n*/}}\n",
        "{{- /* c */ -}}\n{{- $x := 1 }}\n",
        "{% endif %}\n{# c #}\n",
        "{{- define \"x\" -}}{{- end -}}\n",
    ] {
        assert_eq!(read(text), (vec![], vec![]), "{text}");
    }
    assert_eq!(read("{{ include \"x\" . }}\n").0.len(), 1);
    assert_eq!(
        read("{{- if x }}\n{{ template \"x\" }}\n{{- end }}\n")
            .0
            .len(),
        1
    );
}

#[test]
fn templates_within_json_are_templates() {
    assert_eq!(
        read("{\"kind\": \"A\", \"metadata\": {\"name\": \"x\"}, \"n\": {{ .Values.n }}}").1,
        ["1:47 input/template an unrendered Helm template: `{{ .Values.n }}`"]
    );
}

#[test]
fn masking_keeps_letters_of_several_bytes_apart() {
    let (unreadable, _) = read("kind: A\n{{- /* é */ if \"ü\" }}\nx: 1\n{{ end }}{{ end }}\n");
    assert_eq!(unreadable, ["1 input/template A ? ?"]);
}
