using System.Security.Cryptography;
using System.Text.Json;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Server.Endpoints;

/// <summary>What answers of all endpoints are made of.</summary>
internal static class Answer
{
    // What stands for a probability of zero, whose logarithm JSON cannot say.
    private const double Never = -9999;

    /// <summary>A name for an answer.</summary>
    public static string NewId(string prefix) => $"{prefix}-{RandomNumberGenerator.GetHexString(24, lowercase: true)}";

    /// <summary>The seconds since 1970.</summary>
    public static long Now() => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>OpenAI's word for the end of an answer.</summary>
    public static string? WordOf(FinishReason? finish) => finish switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        _ => null,
    };

    /// <summary>Begins an answer: what every object of it has.</summary>
    public static void WriteHead(this Utf8JsonWriter json, string id, string kind, long created, ServedModel model)
    {
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteString("object", kind);
        json.WriteNumber("created", created);
        json.WriteString("model", model.Id);
    }

    /// <summary>How many tokens there were.</summary>
    public static void WriteUsage(this Utf8JsonWriter json, int prompt, int made)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", prompt);
        json.WriteNumber("completion_tokens", made);
        json.WriteNumber("total_tokens", prompt + made);
        json.WriteEndObject();
    }

    /// <summary>The last piece of an answer that comes in pieces: no text, and how many tokens there were.</summary>
    public static void WriteUsageChunk(this Utf8JsonWriter json, string id, string kind, long created, ServedModel model, int prompt, int made)
    {
        json.WriteHead(id, kind, created, model);
        json.WriteStartArray("choices");
        json.WriteEndArray();
        json.WriteUsage(prompt, made);
        json.WriteEndObject();
    }

    /// <summary>Tokens with their probabilities as chats have them.</summary>
    public static void WriteChatTokens(this Utf8JsonWriter json, IEnumerable<TokenProbability>? tokens, ITokenizer tokenizer)
    {
        if (tokens is null)
        {
            json.WriteNull("logprobs");
            return;
        }

        json.WriteStartObject("logprobs");
        json.WriteStartArray("content");
        foreach (TokenProbability token in tokens)
        {
            json.WriteStartObject();
            WriteToken(json, token.Id, token.LogProbability ?? 0, tokenizer);
            json.WriteStartArray("top_logprobs");
            foreach (NextToken other in token.Likeliest)
            {
                json.WriteStartObject();
                WriteToken(json, other.Id, Math.Log(other.Probability), tokenizer);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Tokens with their probabilities as completions have them.</summary>
    /// <param name="json">Where they go.</param>
    /// <param name="tokens">The tokens; null where none were asked for.</param>
    /// <param name="offset">Where in the text the first of them begins.</param>
    /// <param name="tokenizer">Whose ids these are.</param>
    /// <returns>Where the next one begins.</returns>
    public static int WriteCompletionTokens(this Utf8JsonWriter json, IReadOnlyList<TokenProbability>? tokens, int offset, ITokenizer tokenizer)
    {
        if (tokens is null)
        {
            json.WriteNull("logprobs");
            return offset;
        }

        json.WriteStartObject("logprobs");
        json.WriteStartArray("tokens");
        foreach (TokenProbability token in tokens)
            json.WriteStringValue(TextOf(token.Id, tokenizer));
        json.WriteEndArray();
        json.WriteStartArray("token_logprobs");
        foreach (TokenProbability token in tokens)
        {
            if (token.LogProbability is double logarithm)
                json.WriteNumberValue(Finite(logarithm));
            else
                json.WriteNullValue();
        }

        json.WriteEndArray();
        json.WriteStartArray("top_logprobs");
        foreach (TokenProbability token in tokens)
            WriteLikeliest(json, token, tokenizer);
        json.WriteEndArray();
        json.WriteStartArray("text_offset");
        foreach (TokenProbability token in tokens)
        {
            json.WriteNumberValue(offset);
            offset += TextOf(token.Id, tokenizer).Length;
        }

        json.WriteEndArray();
        json.WriteEndObject();
        return offset;
    }

    private static void WriteLikeliest(Utf8JsonWriter json, TokenProbability token, ITokenizer tokenizer)
    {
        if (token.LogProbability is null)
        {
            json.WriteNullValue();
            return;
        }

        HashSet<string> names = []; // tokens can look alike, and the likeliest of them counts
        json.WriteStartObject();
        foreach (NextToken other in token.Likeliest)
        {
            if (names.Add(TextOf(other.Id, tokenizer)))
                json.WriteNumber(TextOf(other.Id, tokenizer), Finite(Math.Log(other.Probability)));
        }

        json.WriteEndObject();
    }

    private static void WriteToken(Utf8JsonWriter json, int id, double logarithm, ITokenizer tokenizer)
    {
        json.WriteString("token", TextOf(id, tokenizer));
        json.WriteNumber("logprob", Finite(logarithm));
        json.WriteStartArray("bytes");
        if (id < tokenizer.VocabularySize)
        {
            foreach (byte value in tokenizer.TokenBytes(id))
                json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    private static string TextOf(int id, ITokenizer tokenizer) => id < tokenizer.VocabularySize ? tokenizer.TokenText(id) : "";

    private static double Finite(double logarithm) => Math.Max(Never, logarithm);
}
