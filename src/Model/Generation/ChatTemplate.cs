using System.Text;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Generation;

/// <summary>Who says something in a conversation.</summary>
public enum ChatRole
{
    /// <summary>Who tells the model how to be.</summary>
    System,

    /// <summary>Who asks.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,
}

/// <summary>Something that was said in a conversation.</summary>
/// <param name="Role">By whom.</param>
/// <param name="Content">What.</param>
public sealed record ChatMessage(ChatRole Role, string Content);

/// <summary>
/// How a conversation is written down for a model: each family has learned its own marks. Files carry a program in Jinja for it; here the family
/// is recognised by its marks, and its form written by code.
/// </summary>
public sealed class ChatTemplate
{
    private readonly Action<StringBuilder, IReadOnlyList<ChatMessage>> _write;

    private ChatTemplate(string name, Action<StringBuilder, IReadOnlyList<ChatMessage>> write) => (Name, _write) = (name, write);

    /// <summary>For models that have learned no marks: a name and a colon before what is said.</summary>
    public static ChatTemplate Plain { get; } = new("plain", WritePlain) { Stops = ["\nUser:"], TrimsAnswer = true };

    /// <summary>Qwen's, SmolLM's and many others'.</summary>
    public static ChatTemplate ChatMl { get; } = new("chatml", (text, messages) =>
    {
        foreach (ChatMessage message in messages)
            text.Append("<|im_start|>").Append(NameOf(message.Role)).Append('\n').Append(message.Content).Append("<|im_end|>\n");
        text.Append("<|im_start|>assistant\n");
    });

    /// <summary>Llama 3's.</summary>
    public static ChatTemplate Llama3 { get; } = new("llama3", (text, messages) =>
    {
        foreach (ChatMessage message in messages)
            text.Append("<|start_header_id|>").Append(NameOf(message.Role)).Append("<|end_header_id|>\n\n").Append(message.Content.Trim()).Append("<|eot_id|>");
        text.Append("<|start_header_id|>assistant<|end_header_id|>\n\n");
    });

    /// <summary>Llama 2's.</summary>
    public static ChatTemplate Llama2 { get; } = new("llama2", (text, messages) => WriteInstructions(text, messages,
        system => $"<<SYS>>\n{system}\n<</SYS>>\n\n", answer => $" {answer.Trim()} </s><s>"));

    /// <summary>Mistral's.</summary>
    public static ChatTemplate Mistral { get; } = new("mistral", (text, messages) => WriteInstructions(text, messages,
        system => $"{system}\n\n", answer => $" {answer.Trim()}</s>"));

    /// <summary>Gemma's, which knows no system: what it says stands before the first question.</summary>
    public static ChatTemplate Gemma { get; } = new("gemma", (text, messages) =>
    {
        foreach (ChatMessage message in WithSystemInFirstQuestion(messages, system => $"{system}\n\n"))
            text.Append("<start_of_turn>").Append(message.Role == ChatRole.Assistant ? "model" : "user").Append('\n').Append(message.Content.Trim()).Append("<end_of_turn>\n");
        text.Append("<start_of_turn>model\n");
    });

    /// <summary>Phi-3's.</summary>
    public static ChatTemplate Phi3 { get; } = new("phi3", (text, messages) => WriteTagged(text, messages, "<|end|>"));

    /// <summary>Zephyr's and TinyLlama's.</summary>
    public static ChatTemplate Zephyr { get; } = new("zephyr", (text, messages) => WriteTagged(text, messages, "</s>"));

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ChatTemplate> All { get; } = [Plain, ChatMl, Llama3, Llama2, Mistral, Gemma, Phi3, Zephyr];

    /// <summary>The family's name.</summary>
    public string Name { get; }

    /// <summary>Texts that end an answer, besides the tokens that do.</summary>
    public IReadOnlyList<string> Stops { get; private init; } = [];

    /// <summary>Whether space at the beginning of an answer is no part of it.</summary>
    public bool TrimsAnswer { get; private init; }

    /// <summary>The family whose marks stand in a template; null where it is none of those known here.</summary>
    /// <param name="jinja">The template, as tokenizer_config.json or a GGUF file has it.</param>
    public static ChatTemplate? Recognise(string jinja)
    {
        return Has("<|im_start|>") && !Has("<|im_sep|>") ? ChatMl
            : Has("<|start_header_id|>") ? Llama3
            : Has("<start_of_turn>") ? Gemma
            : Has("[INST]") && !Has("[AVAILABLE_TOOLS]") ? Has("<<SYS>>") ? Llama2 : Mistral
            : Has("<|assistant|>") && Has("<|end|>") ? Phi3
            : Has("<|assistant|>") && (Has("eos_token") || Has("</s>")) ? Zephyr
            : null;

        bool Has(string mark) => jinja.Contains(mark, StringComparison.Ordinal);
    }

    /// <summary>The conversation as a text that the model's answer follows.</summary>
    /// <param name="messages">What was said, at least one thing.</param>
    /// <param name="goesOn">Whether the last message is the beginning of the answer.</param>
    /// <exception cref="ArgumentException">Nothing was said.</exception>
    public string Write(IReadOnlyList<ChatMessage> messages, bool goesOn = false)
    {
        Require.That(messages.Count > 0, $"a conversation must have at least one message");
        StringBuilder text = new();
        _write(text, goesOn ? [.. messages.SkipLast(1)] : messages);
        if (goesOn)
            text.Append(TrimsAnswer ? " " : "").Append(messages[^1].Content);
        return text.ToString();
    }

    /// <summary>The ids of the conversation, with those that the model expects before a text.</summary>
    /// <param name="messages">What was said, at least one thing.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="goesOn">Whether the last message is the beginning of the answer.</param>
    /// <exception cref="ArgumentException">Nothing was said.</exception>
    /// <exception cref="TextEncodingException">It holds what the vocabulary cannot say.</exception>
    public int[] Encode(IReadOnlyList<ChatMessage> messages, ITokenizer tokenizer, bool goesOn = false) =>
        [.. tokenizer.Ends.Before, .. tokenizer.Encode(Write(messages, goesOn))];

    /// <summary>The ids that end a text or an answer: what the configuration says, and the marks that families have for it.</summary>
    public static int[] EndIds(TransformerConfig config, ITokenizer? tokenizer)
    {
        SubwordTokenizer? subwords = tokenizer as SubwordTokenizer;
        IEnumerable<int?> ids =
        [
            config.EndOfTextId, tokenizer?.EndOfTextId,
            .. ((string[])["<|im_end|>", "<|eot_id|>", "<|end|>", "<end_of_turn>", "<|end_of_text|>", "</s>"]).Select(mark => subwords?.SpecialIdOf(mark)),
        ];
        return [.. ids.OfType<int>().Distinct()];
    }

    private static string NameOf(ChatRole role) => role switch
    {
        ChatRole.System => "system",
        ChatRole.User => "user",
        _ => "assistant",
    };

    private static void WritePlain(StringBuilder text, IReadOnlyList<ChatMessage> messages)
    {
        foreach (ChatMessage message in messages)
        {
            if (message.Role != ChatRole.System)
                text.Append(message.Role == ChatRole.User ? "User: " : "Assistant: ");
            text.Append(message.Content).Append('\n');
        }

        text.Append("Assistant:");
    }

    private static void WriteInstructions(
        StringBuilder text, IReadOnlyList<ChatMessage> messages, Func<string, string> system, Func<string, string> answer)
    {
        foreach (ChatMessage message in WithSystemInFirstQuestion(messages, system))
            text.Append(message.Role == ChatRole.Assistant ? answer(message.Content) : $"[INST] {message.Content.Trim()} [/INST]");
    }

    private static void WriteTagged(StringBuilder text, IReadOnlyList<ChatMessage> messages, string end)
    {
        foreach (ChatMessage message in messages)
            text.Append("<|").Append(NameOf(message.Role)).Append("|>\n").Append(message.Content).Append(end).Append('\n');
        text.Append("<|assistant|>\n");
    }

    private static List<ChatMessage> WithSystemInFirstQuestion(IReadOnlyList<ChatMessage> messages, Func<string, string> write)
    {
        List<ChatMessage> rest = [.. messages.Where(message => message.Role != ChatRole.System)];
        string system = string.Join("\n", messages.Where(message => message.Role == ChatRole.System).Select(message => message.Content));
        if (system.Length == 0)
            return rest;
        int first = rest.FindIndex(message => message.Role == ChatRole.User);
        if (first < 0)
            return [new ChatMessage(ChatRole.User, write(system).TrimEnd()), .. rest];
        rest[first] = rest[first] with { Content = write(system) + rest[first].Content };
        return rest;
    }
}
