using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using Xunit;

namespace MiniGpt.Tests.Model.Generation;

/// <summary>Conversations as each family's own template writes them down; the expected texts are those that their model cards and papers show.</summary>
public class ChatTemplateTests
{
    private static readonly ChatMessage[] s_conversation =
    [
        new(ChatRole.System, "Be brief."), new(ChatRole.User, "Hi"), new(ChatRole.Assistant, "Hello!"), new(ChatRole.User, "Bye"),
    ];

    public static TheoryData<string, string, string> Families => new()
    {
        {
            "chatml", "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n'}}{% endfor %}",
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"
        },
        {
            "llama3", "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}",
            "<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
            + "<|start_header_id|>assistant<|end_header_id|>\n\nHello!<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
        },
        {
            "llama2", "{{ bos_token + '[INST] ' + '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' }}",
            "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello! </s><s>[INST] Bye [/INST]"
        },
        {
            "mistral", "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% endif %}",
            "[INST] Be brief.\n\nHi [/INST] Hello!</s>[INST] Bye [/INST]"
        },
        {
            "gemma", "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}",
            "<start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nHello!<end_of_turn>\n<start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\n"
        },
        {
            "phi3", "{% if message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% else %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}",
            "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nHello!<|end|>\n<|user|>\nBye<|end|>\n<|assistant|>\n"
        },
        {
            "zephyr", "{% if message['role'] == 'user' %}{{ '<|user|>\n' + message['content'] + eos_token }}{% elif message['role'] == 'assistant' %}{{ '<|assistant|>\n' }}{% endif %}",
            "<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello!</s>\n<|user|>\nBye</s>\n<|assistant|>\n"
        },
    };

    [Theory]
    [MemberData(nameof(Families))]
    public void A_family_is_recognised_by_its_marks_and_writes_as_it_has_learned(string name, string jinja, string expected)
    {
        ChatTemplate template = ChatTemplate.Recognise(jinja)!;
        Assert.Equal(name, template.Name);
        Assert.Equal(expected, template.Write(s_conversation));
        Assert.Equal(template.Write(s_conversation[..2]) + "Hello", template.Write([.. s_conversation[..2], new(ChatRole.Assistant, "Hello")], goesOn: true));
    }

    [Fact]
    public void Without_marks_names_stand_before_what_is_said()
    {
        Assert.Null(ChatTemplate.Recognise("{{ messages[0].content }}"));
        Assert.Equal("Be brief.\nUser: Hi\nAssistant: Hello!\nUser: Bye\nAssistant:", ChatTemplate.Plain.Write(s_conversation));
        Assert.Equal("User: Hi\nAssistant: He", ChatTemplate.Plain.Write([s_conversation[1], new(ChatRole.Assistant, "He")], goesOn: true));
        Assert.Contains("at least one message", Assert.Throws<ArgumentException>(() => ChatTemplate.Plain.Write([])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tokenizer_config.json", """{"chat_template":"<|im_start|>"}""", "<|im_start|>")]
    [InlineData("tokenizer_config.json", """{"chat_template":[{"name":"tool_use","template":"x"},{"name":"default","template":"y"}]}""", "y")]
    [InlineData("tokenizer_config.json", """{"chat_template":[{"name":3},5]}""", null)]
    [InlineData("tokenizer_config.json", """{"eos_token":"</s>"}""", null)]
    [InlineData("chat_template.jinja", "{{ x }}", "{{ x }}")]
    public void A_folder_says_how_its_model_is_talked_to(string file, string content, string? expected)
    {
        using TemporaryFolder folder = new();
        ModelFolder.Save(folder.Root, TinyModels.Recorded<float>());
        File.WriteAllText(Path.Combine(folder.Root, file), content);
        using ModelFile model = ModelFile.Open(folder.Root);
        Assert.Equal(expected, ChatTemplateFile.Find(model));
    }
}
