namespace MiniGpt.Model.Lessons;

/// <summary>
/// The numbers of the attention lesson, which is the example of chapter 3 of Raschka, Build a Large Language Model (From Scratch), Manning 2024: inputs, weights that were drawn once, and the results as PyTorch computes them, to four decimals.
/// </summary>
internal static class AttentionNumbers
{
    /// <summary>[6, 3]: a vector for each token.</summary>
    public static readonly double[,] Inputs =
    {
        { 0.43, 0.15, 0.89 },
        { 0.55, 0.87, 0.66 },
        { 0.57, 0.85, 0.64 },
        { 0.22, 0.58, 0.33 },
        { 0.77, 0.25, 0.1 },
        { 0.05, 0.8, 0.55 },
    };

    /// <summary>[3, 2].</summary>
    public static readonly double[,] Query =
    {
        { 0.29611194, 0.5165623 },
        { 0.25167072, 0.6885568 },
        { 0.07397246, 0.86652195 },
    };

    /// <summary>[3, 2].</summary>
    public static readonly double[,] Key =
    {
        { 0.13657987, 0.10247904 },
        { 0.18405646, 0.72644675 },
        { 0.3152539, 0.68710667 },
    };

    /// <summary>[3, 2].</summary>
    public static readonly double[,] Value =
    {
        { 0.075635314, 0.19663817 },
        { 0.31641197, 0.40174013 },
        { 0.1185683, 0.8273954 },
    };

    /// <summary>[3, 2].</summary>
    public static readonly double[,] FirstHeadQuery =
    {
        { 0.38208443, 0.66049385 },
        { 0.8535718, 0.593153 },
        { 0.63672537, 0.98262936 },
    };

    /// <summary>[3, 2].</summary>
    public static readonly double[,] FirstHeadKey =
    {
        { 0.2744953, 0.6583756 },
        { 0.27754194, 0.85732484 },
        { 0.89932823, 0.039013863 },
    };

    /// <summary>[3, 2].</summary>
    public static readonly double[,] FirstHeadValue =
    {
        { 0.9268229, 0.7387572 },
        { 0.7178835, 0.7058374 },
        { 0.91564953, 0.43398023 },
    };

    /// <summary>[3, 2].</summary>
    public static readonly double[,] SecondHeadQuery =
    {
        { 0.07715076, 0.35652554 },
        { 0.14786267, 0.53305334 },
        { 0.40664625, 0.23180753 },
    };

    /// <summary>[3, 2].</summary>
    public static readonly double[,] SecondHeadKey =
    {
        { 0.4545393, 0.9737019 },
        { 0.4605623, 0.51587504 },
        { 0.42201972, 0.5786035 },
    };

    /// <summary>[3, 2].</summary>
    public static readonly double[,] SecondHeadValue =
    {
        { 0.94550633, 0.80574644 },
        { 0.67748076, 0.6086553 },
        { 0.61789644, 0.6931666 },
    };

    /// <summary>[6, 3]: the context vectors without trainable weights.</summary>
    public static readonly double[,] SimpleContext =
    {
        { 0.4421, 0.5931, 0.5790 },
        { 0.4419, 0.6515, 0.5683 },
        { 0.4431, 0.6496, 0.5671 },
        { 0.4304, 0.6298, 0.5510 },
        { 0.4671, 0.5910, 0.5266 },
        { 0.4177, 0.6503, 0.5645 },
    };

    /// <summary>[6, 2].</summary>
    public static readonly double[,] TrainableContext =
    {
        { 0.2996, 0.8053 },
        { 0.3061, 0.8210 },
        { 0.3058, 0.8203 },
        { 0.2948, 0.7939 },
        { 0.2927, 0.7891 },
        { 0.2990, 0.8040 },
    };

    /// <summary>[6, 2].</summary>
    public static readonly double[,] CausalContext =
    {
        { 0.1855, 0.8812 },
        { 0.3116, 0.9549 },
        { 0.3395, 0.9652 },
        { 0.3129, 0.8747 },
        { 0.2865, 0.7897 },
        { 0.2990, 0.8040 },
    };

    /// <summary>[6, 4].</summary>
    public static readonly double[,] TwoHeadContext =
    {
        { 1.3211, 0.8098, 1.0581, 1.0547 },
        { 1.6063, 1.1493, 1.3212, 1.2698 },
        { 1.6530, 1.2084, 1.3895, 1.3242 },
        { 1.5012, 1.0955, 1.2585, 1.1989 },
        { 1.4100, 1.0398, 1.1979, 1.1279 },
        { 1.4025, 1.0361, 1.1716, 1.1084 },
    };
}
