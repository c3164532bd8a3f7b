using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Tokenizers;

/// <summary>The steps of a tokenizer.json that cut text for a byte-level BPE.</summary>
internal static class PreTokenizerJson
{
    private const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private static readonly string[] s_defaultPatterns =
    [
        @"[\p{P}\$\+<=>\^~\|]+", @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)", @"\p{N}+", "[0-9][0-9][0-9]",
    ];

    private static readonly string[] s_complete = [Gpt2Pattern, LlamaPreTokenizer.Llama3.Pattern, LlamaPreTokenizer.Qwen2.Pattern];

    private static readonly PreTokenizer[] s_known = [PreTokenizer.Gpt2, LlamaPreTokenizer.Llama3, LlamaPreTokenizer.Qwen2, DigitPreTokenizer.SmolLm];

    /// <summary>The patterns that llama.cpp cuts by where a GGUF file says "default".</summary>
    public static PreTokenizer LlamaCppDefault { get; } = new PatternPreTokenizer(
        [.. s_defaultPatterns.Select(pattern => new SplitStep(new SplitPattern(pattern), SplitBehavior.Isolated, Inverts: false))],
        PreTokenizer.Sequence([.. s_defaultPatterns.Select(pattern => PreTokenizer.Split(pattern)), PreTokenizer.ByteLevel(cuts: false)]).ToJsonString());

    /// <summary>Reads the steps.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="fields">The file's object.</param>
    /// <param name="prefixSpace">Whether ordinary text gets a space before it.</param>
    /// <exception cref="FileFormatException">A step is not known, or cannot be done exactly; the message names it.</exception>
    public static PreTokenizer Read(string path, JsonFields fields, out bool prefixSpace)
    {
        List<SplitStep> splits = [];
        List<JsonNode> written = [];
        prefixSpace = false;
        bool isBytes = false;
        foreach (JsonFields step in Flatten(path, fields, "pre_tokenizer", "pretokenizers"))
        {
            JsonObject copy = step.Except(new HashSet<string>());
            switch (step.Text("type"))
            {
                case "ByteLevel":
                    if (step.Flag("add_prefix_space", missing: true))
                    {
                        if (splits.Count > 0)
                            throw new FileFormatException(path, $"pre_tokenizer {step} behind another step found, add_prefix_space false expected there");
                        prefixSpace = true;
                    }
                    isBytes = true;
                    copy["add_prefix_space"] = false;
                    if (step.Flag("use_regex", missing: true))
                        splits.Add(Split(path, step, Gpt2Pattern, SplitBehavior.Isolated, inverts: false));
                    break;
                case "Split":
                    splits.Add(Split(path, step, PatternOf(path, step), BehaviorOf(path, step), step.Flag("invert", missing: false)));
                    break;
                case "Digits":
                    splits.Add(Split(path, step, step.Flag("individual_digits", missing: false) ? @"\p{N}" : @"\p{N}+", SplitBehavior.Isolated, inverts: false));
                    break;
                default:
                    throw new FileFormatException(path, $"pre_tokenizer {step} found, ByteLevel, Split or Digits expected of a byte-level BPE");
            }
            if (isBytes && copy["type"]!.GetValue<string>() != "ByteLevel")
                throw new FileFormatException(path, $"pre_tokenizer {step} behind ByteLevel found, ByteLevel expected last");
            written.Add(copy);
        }
        if (!isBytes)
            throw new FileFormatException(path, $"no pre_tokenizer ByteLevel found, one expected of a byte-level BPE");
        JsonObject json = written.Count == 1 ? written[0].AsObject() : PreTokenizer.Sequence([.. written]);
        return s_known.FirstOrDefault(known => Same(known.ToJson(prefixSpace: false), json)) ?? new PatternPreTokenizer(splits, json.ToJsonString());
    }

    /// <summary>The steps of a key, those inside of a Sequence one by one; none where the key is missing or null.</summary>
    public static IEnumerable<JsonFields> Flatten(string path, JsonFields fields, string key, string inner)
    {
        if (fields.IsEmpty(key))
            return [];
        JsonFields step = new(path, fields.Object(key));
        return step.Text("type") == "Sequence"
            ? step.OptionalArray(inner).SelectMany(element => FlattenStep(path, element, inner))
            : [step];
    }

    private static IEnumerable<JsonFields> FlattenStep(string path, JsonElement element, string inner)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new FileFormatException(path, $"a step {element.GetRawText()} found, an object expected");
        JsonFields step = new(path, element);
        return step.Text("type") == "Sequence" ? step.OptionalArray(inner).SelectMany(further => FlattenStep(path, further, inner)) : [step];
    }

    private static SplitStep Split(string path, JsonFields step, string pattern, SplitBehavior behavior, bool inverts)
    {
        try
        {
            return new SplitStep(new SplitPattern(pattern), behavior, inverts);
        }
        catch (ArgumentException error)
        {
            throw new FileFormatException(path, $"pre_tokenizer {step}: {error.Message}", error);
        }
    }

    private static string PatternOf(string path, JsonFields step)
    {
        JsonFields pattern = new(path, step.Object("pattern"));
        return pattern.IsEmpty("String") ? pattern.Text("Regex") : Regex.Escape(pattern.Text("String"));
    }

    private static SplitBehavior BehaviorOf(string path, JsonFields step) =>
        Enum.TryParse(step.Text("behavior"), out SplitBehavior behavior) && Enum.IsDefined(behavior)
            ? behavior
            : throw new FileFormatException(path, $"pre_tokenizer {step} found, the behavior {string.Join(" or ", Enum.GetNames<SplitBehavior>())} expected");

    /// <summary>Whether two descriptions cut alike: what is missing has its usual value, and offsets are of no concern.</summary>
    private static bool Same(JsonNode known, JsonNode found)
    {
        return JsonNode.DeepEquals(Plain(known), Plain(found));

        static JsonArray Plain(JsonNode node)
        {
            JsonArray steps = node["pretokenizers"] is JsonArray inner ? inner.DeepClone().AsArray() : [node.DeepClone()];
            foreach (JsonObject step in steps.OfType<JsonObject>())
            {
                step.Remove("trim_offsets");
                // A pattern that matches every character leaves nothing between its matches.
                if (step["behavior"]?.GetValue<string>() == "Removed" && step["invert"]?.GetValue<bool>() == true
                    && step["pattern"]?["Regex"]?.GetValue<string>() is string pattern && s_complete.Contains(pattern))
                {
                    (step["behavior"], step["invert"]) = ("Isolated", false);
                }
                if (step["type"]!.GetValue<string>() == "ByteLevel" && !step.ContainsKey("use_regex"))
                    step["use_regex"] = true;
            }
            return steps;
        }
    }
}
