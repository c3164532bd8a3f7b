using System.Text.Json;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Server.Http;

namespace MiniGpt.Server.Endpoints;

/// <summary>Texts that a request brings, one or several, as text or as ids.</summary>
/// <param name="Ids">The ids of each, with those that the model expects round it.</param>
/// <param name="Texts">The text of each.</param>
internal sealed record Prompts(IReadOnlyList<int[]> Ids, IReadOnlyList<string> Texts)
{
    private const int Most = 128;

    /// <summary>Reads prompts to be continued; none is an empty one.</summary>
    public static Prompts Read(JsonElement? value, ServedModel model) =>
        Read(value ?? default, "prompt", model, text => Prompt.Of(text, model.Config, model.Tokenizer));

    /// <summary>Reads texts to be read as a whole.</summary>
    public static Prompts ReadWhole(JsonElement? value, string field, ServedModel model)
    {
        TextEnds ends = model.Tokenizer.Ends;
        Prompts prompts = Read(value ?? throw ApiException.Wrong(field, "a text, or several"), field, model,
            text => [.. ends.Before, .. model.Tokenizer.Encode(text), .. ends.Behind]);
        foreach (int[] ids in prompts.Ids)
        {
            if (ids.Length == 0)
                throw ApiException.Wrong(field, "texts of at least one token");
            if (ids.Length > model.Config.Context)
            {
                throw new ApiException(400,
                    $"a text has {ids.Length} tokens, more than the model's context of {model.Config.Context}", field, "context_length_exceeded");
            }
        }

        return prompts;
    }

    private static Prompts Read(JsonElement value, string field, ServedModel model, Func<string, int[]> encode)
    {
        List<int[]> ids = [];
        List<string> texts = [];
        switch (value.ValueKind)
        {
            case JsonValueKind.Undefined:
                AddText("");
                break;
            case JsonValueKind.String:
                AddText(Text(value));
                break;
            case JsonValueKind.Array when value.GetArrayLength() > 0 && value[0].ValueKind == JsonValueKind.Number:
                AddIds(value);
                break;
            case JsonValueKind.Array when value.GetArrayLength() is > 0 and <= Most:
                foreach (JsonElement item in value.EnumerateArray())
                {
                    if (item.ValueKind == JsonValueKind.Array)
                        AddIds(item);
                    else
                        AddText(Text(item));
                }

                break;
            default:
                throw Wrong();
        }

        return new Prompts(ids, texts);

        void AddText(string text)
        {
            ids.Add(encode(text));
            texts.Add(text);
        }

        void AddIds(JsonElement list)
        {
            int[] tokens = [.. list.EnumerateArray().Select(item =>
                item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int id) && id >= 0 && id < model.Tokenizer.VocabularySize ? id : throw Wrong())];
            if (tokens.Length == 0)
                throw Wrong();
            ids.Add(tokens);
            texts.Add(model.Tokenizer.Decode(tokens));
        }

        string Text(JsonElement item)
        {
            if (item.ValueKind != JsonValueKind.String)
                throw Wrong();
            try
            {
                return item.GetString()!;
            }
            catch (InvalidOperationException)
            {
                throw ApiException.Wrong(field, "a text of whole characters");
            }
        }

        ApiException Wrong() =>
            ApiException.Wrong(field, $"a text, a list of token ids from 0 to {model.Tokenizer.VocabularySize - 1}, or a list of 1 to {Most} of these");
    }
}
