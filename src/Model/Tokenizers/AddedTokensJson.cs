using System.Text.Json;
using System.Text.Json.Nodes;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Tokenizers;

/// <summary>A token that stands in a tokenizer.json beside its vocabulary.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Id">Its id.</param>
/// <param name="IsControl">Whether it is one that text is not made of, rather than a word that was added.</param>
internal readonly record struct AddedToken(string Text, int Id, bool IsControl);

/// <summary>The added tokens of a tokenizer.json, and the tokens that it puts round a text.</summary>
internal static class AddedTokensJson
{
    /// <summary>Reads the added tokens.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="fields">The file's object.</param>
    /// <param name="changesText">Whether the file changes a text before it looks for tokens that are said to be looked for in what was changed.</param>
    /// <exception cref="FileFormatException">A token takes more of a text than itself, or is looked for in a text that was changed.</exception>
    public static List<AddedToken> Read(string path, JsonFields fields, bool changesText)
    {
        List<AddedToken> added = [];
        foreach (JsonElement element in fields.OptionalArray("added_tokens"))
        {
            if (element.ValueKind != JsonValueKind.Object)
                throw new FileFormatException(path, $"an added token {element.GetRawText()} found, an object expected");
            JsonFields token = new(path, element);
            string text = token.Text("content");
            string? refused = ((string[])["single_word", "lstrip", "rstrip"]).FirstOrDefault(key => token.Flag(key, missing: false))
                ?? (changesText && token.Flag("normalized", missing: false) ? "normalized" : null);
            if (refused is not null)
                throw new FileFormatException(path, $"the added token \"{text}\" has {refused} true, false expected");
            added.Add(new AddedToken(text, token.Integer("id"), token.Flag("special", missing: true)));
        }
        return added;
    }

    /// <summary>The added tokens as they are written.</summary>
    public static JsonArray ToJson(IEnumerable<AddedToken> tokens) => [.. tokens.Select(token => (JsonNode)new JsonObject
    {
        ["id"] = token.Id,
        ["content"] = token.Text,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = token.IsControl,
    })];

    /// <summary>Reads which ids stand round a text: the step post_processor.</summary>
    /// <exception cref="FileFormatException">It is a step that is not known.</exception>
    public static TextEnds ReadEnds(string path, JsonFields fields)
    {
        List<int> before = [], behind = [];
        foreach (JsonFields step in PreTokenizerJson.Flatten(path, fields, "post_processor", "processors"))
        {
            switch (step.Text("type"))
            {
                case "ByteLevel": // trims offsets, which ids do not have
                    break;
                case "BertProcessing" or "RobertaProcessing":
                    before.Insert(0, PairId(path, step, "cls"));
                    behind.Add(PairId(path, step, "sep"));
                    break;
                case "TemplateProcessing":
                    ReadTemplate(path, step, before, behind);
                    break;
                default:
                    throw new FileFormatException(path, $"post_processor {step} found, ByteLevel, TemplateProcessing, BertProcessing or RobertaProcessing expected");
            }
        }
        return before.Count + behind.Count == 0 ? TextEnds.None : new TextEnds(before, behind);
    }

    /// <summary>The step that puts ids round a text; null where none are put.</summary>
    /// <param name="ends">The ids.</param>
    /// <param name="textOf">The text of a token as the file has it.</param>
    public static JsonObject? Template(TextEnds ends, Func<int, string> textOf)
    {
        if (ends.Before.Count + ends.Behind.Count == 0)
            return null;
        JsonObject special = [];
        foreach (int id in ends.Before.Concat(ends.Behind))
            special[textOf(id)] = new JsonObject { ["id"] = textOf(id), ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(textOf(id)) };
        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray([.. ends.Before.Select(Token), Text("A", 0), .. ends.Behind.Select(Token)]),
            ["pair"] = new JsonArray([.. ends.Before.Select(Token), Text("A", 0), .. ends.Behind.Select(Token), Text("B", 1), .. ends.Behind.Select(Token)]),
            ["special_tokens"] = special,
        };

        JsonNode Token(int id) => new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = textOf(id), ["type_id"] = 0 } };

        static JsonNode Text(string name, int type) => new JsonObject { ["Sequence"] = new JsonObject { ["id"] = name, ["type_id"] = type } };
    }

    private static void ReadTemplate(string path, JsonFields step, List<int> before, List<int> behind)
    {
        JsonElement tokens = step.Object("special_tokens");
        List<int> first = [], last = [];
        bool isBehind = false;
        foreach (JsonElement element in step.OptionalArray("single"))
        {
            if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("Sequence", out _))
            {
                isBehind = true;
                continue;
            }
            string name = element.ValueKind == JsonValueKind.Object && element.TryGetProperty("SpecialToken", out JsonElement token)
                && token.ValueKind == JsonValueKind.Object
                ? new JsonFields(path, token).Text("id")
                : throw new FileFormatException(path, $"post_processor {step} found, a template of SpecialToken and Sequence expected");
            if (!tokens.TryGetProperty(name, out JsonElement described) || described.ValueKind != JsonValueKind.Object)
                throw new FileFormatException(path, $"post_processor {step} names \"{name}\", a key of its special_tokens expected");
            foreach (JsonElement id in new JsonFields(path, described).OptionalArray("ids"))
            {
                (isBehind ? last : first).Add(id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int number)
                    ? number
                    : throw new FileFormatException(path, $"post_processor {step} has the id {id.GetRawText()}, a whole number expected"));
            }
        }
        before.InsertRange(0, first);
        behind.AddRange(last);
    }

    /// <summary>The id of ["[CLS]", 101].</summary>
    private static int PairId(string path, JsonFields step, string key) =>
        step.OptionalArray(key).ToArray() is [_, { ValueKind: JsonValueKind.Number } id] && id.TryGetInt32(out int number)
            ? number
            : throw new FileFormatException(path, $"post_processor {step} found, {key} with a token and its id expected");
}
