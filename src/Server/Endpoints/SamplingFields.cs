using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using MiniGpt.Model.Generation;
using MiniGpt.Server.Http;

namespace MiniGpt.Server.Endpoints;

/// <summary>The fields that completions and chats have in common.</summary>
internal static class SamplingFields
{
    /// <summary>How many answers a request can ask for.</summary>
    public const int MostAnswers = 128;

    /// <summary>How many of the likeliest tokens can be told beside each.</summary>
    public const int MostLikeliest = 20;

    private const int MostStops = 4;
    private const int LongestStop = 1000;
    private const int MostBiases = 1024;
    private const double MostBias = 100;

    /// <summary>How tokens are chosen. Without a seed, every request draws other random numbers.</summary>
    public static SamplingOptions Read(RequestFields fields, int vocabulary) => new()
    {
        Temperature = fields.Number("temperature", 0, 2) ?? 1,
        TopP = Positive(fields, "top_p") ?? 1,
        TopK = fields.Whole("top_k", -1, int.MaxValue) is > 0 and int count ? count : null, // 0 and -1 are others' words for all
        MinP = fields.Number("min_p", 0, 1) ?? 0,
        PresencePenalty = fields.Number("presence_penalty", -2, 2) ?? 0,
        FrequencyPenalty = fields.Number("frequency_penalty", -2, 2) ?? 0,
        RepetitionPenalty = (fields.Has("repetition_penalty") ? fields.Number("repetition_penalty", 0.01, 100) : fields.Number("repeat_penalty", 0.01, 100)) ?? 1,
        Bias = Biases(fields, vocabulary),
        Seed = fields.Seed("seed") ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)),
    };

    /// <summary>The texts that end an answer.</summary>
    public static string[] Stops(RequestFields fields)
    {
        string[] stops = fields.Texts("stop", MostStops) ?? [];
        if (stops.Any(stop => stop.Length is 0 or > LongestStop))
            throw ApiException.Wrong("stop", $"texts of 1 to {LongestStop} characters");
        return stops;
    }

    /// <summary>Fields that clients send along and that change nothing here, and those that ask for what there is not.</summary>
    public static void Rest(RequestFields fields)
    {
        fields.Ignore("user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "cache_prompt");
        fields.RefuseRest();
    }

    /// <summary>Whether the answer has to be a JSON object.</summary>
    public static bool IsJson(RequestFields fields)
    {
        if (fields.Object("response_format") is not { } format)
            return false;
        string? type = format.Text("type");
        if (type is not ("text" or "json_object"))
            throw ApiException.Unsupported("response_format", "'response_format': of the types text and json_object alone are offered here");
        format.RefuseRest();
        return type == "json_object";
    }

    /// <summary>Whether the answer comes in pieces, and whether the last of them says how many tokens there were.</summary>
    public static (bool Streams, bool TellsUsage) Streaming(RequestFields fields)
    {
        bool streams = fields.Flag("stream") ?? false;
        if (fields.Object("stream_options") is not { } options)
            return (streams, false);
        if (!streams)
            throw ApiException.Wrong("stream_options", "it where 'stream' is true alone");
        bool tells = options.Flag("include_usage") ?? false;
        options.Ignore("include_obfuscation");
        options.RefuseRest();
        return (streams, tells);
    }

    private static double? Positive(RequestFields fields, string name) =>
        fields.Number(name, 0, 1) is not double value ? null : value > 0 ? value : double.Epsilon; // OpenAI takes 0 as the likeliest alone

    private static Dictionary<int, double>? Biases(RequestFields fields, int vocabulary)
    {
        if (fields.Any("logit_bias") is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Object || value.GetPropertyCount() > MostBiases)
            throw fields.Wrong("logit_bias", $"an object of at most {MostBiases} token ids and their biases");
        Dictionary<int, double> biases = [];
        foreach (JsonProperty property in value.EnumerateObject())
        {
            if (!int.TryParse(property.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || id >= vocabulary
                || property.Value.ValueKind != JsonValueKind.Number || !property.Value.TryGetDouble(out double bias) || Math.Abs(bias) > MostBias)
            {
                throw fields.Wrong("logit_bias", $"token ids from 0 to {vocabulary - 1} with numbers from -{MostBias} to {MostBias}");
            }

            biases[id] = bias;
        }

        return biases;
    }
}
